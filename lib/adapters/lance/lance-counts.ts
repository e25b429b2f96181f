import { instrumentLanceDbMetrics } from "@lancedb/lancedb";
import { noCounts, type StoreCounts } from "../../domain/cost/store-counts.ts";

interface Observed {
  observe(value: number, of: { operation?: string; base?: string }): void;
}
type Observe = (observed: Observed) => void;

/** How LanceDB tells its own counters, by name; it tells them to whoever collects for OpenTelemetry. */
const counters = new Map<string, Observe>();
const instrument = (name: string) => ({ addCallback: (observe: Observe) => counters.set(name, observe) });
const meter = { createObservableCounter: instrument, createObservableGauge: instrument };

/** Of LanceDB's operations those that are priced as others; what is deleted costs nothing. */
const kinds: Record<string, [keyof StoreCounts, number?]> = {
  get: ["get"],
  head: ["head"],
  list: ["list"],
  put: ["put"],
  put_part: ["put"],
  copy: ["put"],
  rename: ["put"],
  complete_multipart: ["put", 2], // that such an upload was begun is not counted by itself
  delete: ["delete"],
  abort_multipart: ["delete"],
};

let isWatching: boolean | undefined;

/**
 * What LanceDB has asked of S3 in this process, from the first call on: what it repeats counts once, and so does a list of
 * more than a page. @returns undefined where something else collects its metrics
 */
export function lanceCounts(): StoreCounts | undefined {
  isWatching ??= instrumentLanceDbMetrics({ getMeter: () => meter } as never);
  if (!isWatching) return undefined;
  const counts = noCounts();
  counters.get("lance_object_store_requests_total")?.({
    observe: (value, { operation = "", base }) => {
      const [kind, times = 1] = kinds[operation] ?? ["put"];
      if (isRemote(base)) counts[kind] += value * times;
    },
  });
  counters.get("lance_object_store_request_bytes_total")?.({
    observe: (value, { operation, base }) => {
      if (isRemote(base)) counts[operation === "get" ? "bytesRead" : "bytesWritten"] += value;
    },
  });
  return counts;
}

const isRemote = (base = "s3") => base.startsWith("s3");
