import { readFileSync } from "node:fs";
import { createContainer } from "../../lib/container.ts";
import { runJob } from "./lakehouse.ts";

export interface PoisonAnswer {
  state: string;
  error: { code: string; message: string } | null;
  /** Rows of what was published; null when nothing was. */
  rows: number | null;
  ms: number;
  /** The most memory this process ever had. */
  peakBytes: number;
}

/** Runs the migrations it is sent as `{ index, source }`, each into an index of its own, and answers each. */
const container = createContainer();

process.on("message", async ({ index, source }: { index: string; source: string }) => {
  const started = performance.now();
  const { state, error } = await runJob(container, { type: "migrate", index, source, metric: "l2" });
  const ms = performance.now() - started;
  process.send?.({ state, error, rows: await publishedRows(index), ms, peakBytes: peakBytes() });
});
process.on("disconnect", () => process.exit());
process.send?.("ready");

async function publishedRows(index: string): Promise<number | null> {
  const published = (await container.registry.read(index))?.value.published;
  if (!published) return null;
  const { bucket, generation } = published;
  return container.generations.rowsOf({ index, bucket, generation });
}

/** As the kernel has counted it: what was given back since is in it. */
function peakBytes(): number {
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return Number(kilobytes) * 1_024;
}
