import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { within } from "../within.ts";
import type { Lease, WarmIndexes } from "./reader.ts";
import { cache, milliseconds, onDisk } from "./search-response.ts";

export const warmResponse = z
  .strictObject({
    state: z.enum(["warm", "warming"]).meta({
      description: "warming: it goes on behind the answer, for as long as the container runs",
    }),
    performance: z.strictObject({
      cache: cache.meta({
        description:
          "What a search now reads: cold and warm the store, replica a copy on the container's disk",
      }),
      bytes: z.int().nullable().meta({ description: "Of that copy; null where there is none" }),
      onDisk: onDisk.optional().meta({
        description:
          "Parts of the index of which all is on the container's disk now; absent where the bucket is a folder",
      }),
      openMs: z.number(),
      warmMs: z.number(),
      totalMs: z.number(),
      generation: z.string(),
      version: z.int(),
    }),
  })
  .meta({ id: "WarmResponse" });
export type WarmResponse = z.infer<typeof warmResponse>;

/**
 * Opens an index in this container and fills what later searches read: a replica of it where its store is remote, the
 * caches where there is none. What is not done in time goes on behind the answer.
 * @param timeoutMs what is left of the request's deadline
 * @throws IndexNotFound, IndexNotReady, DeadlineExceeded, StoreUnavailable
 */
export async function warmIndex(
  indexes: WarmIndexes,
  index: string,
  timeoutMs: number,
): Promise<WarmResponse> {
  const started = performance.now();
  return indexes.use(index, { consistency: "eventual" }, async (lease) => {
    const warming = performance.now();
    const left = timeoutMs - (warming - started) - limits.warmAnswerMs;
    const isWarm = await within(
      left,
      lease.reader.warm().then(() => true),
      () => false,
    );
    return {
      state: isWarm ? "warm" : "warming",
      performance: {
        ...stateOf(lease, isWarm),
        openMs: milliseconds(lease.openMs),
        warmMs: milliseconds(performance.now() - warming),
        totalMs: milliseconds(performance.now() - started),
        generation: lease.published.generation,
        version: lease.reader.version,
      },
    };
  });
}

type WarmState = Pick<WarmResponse["performance"], "cache" | "bytes" | "onDisk">;

function stateOf({ reader }: Lease, isWarm: boolean): WarmState {
  const { replicaBytes: bytes = null, onDisk } = reader;
  const cache = bytes !== null ? "replica" : isWarm ? "warm" : "cold";
  return { cache, bytes, ...(onDisk ? { onDisk } : {}) };
}
