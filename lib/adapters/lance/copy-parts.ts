import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { limits } from "../../config/limits.ts";
import { DomainError } from "../../domain/errors.ts";
import type { ObjectStore } from "../../domain/ports.ts";
import type { ByteRange } from "./lance-format.ts";

/** Bytes of an object, and the file whose same bytes they become. */
export interface Part extends ByteRange {
  key: string;
  path: string;
}

export interface CopyPace {
  /** Requests at a time. */
  concurrency?: number;
  /** How long to pause after a part, in times of what it took: room for searches meanwhile. */
  pause?: number;
  signal?: AbortSignal;
}

/** In parts that are one request each; an empty range is one, too, since its file is to be there. */
export function partsOf(key: string, path: string, ranges: ByteRange[]): Part[] {
  return ranges.flatMap(({ start, end }) => {
    const count = Math.max(1, Math.ceil((end - start) / limits.diskCopyPartBytes));
    return Array.from({ length: count }, (_, i) => {
      const from = start + i * limits.diskCopyPartBytes;
      return { key, path, start: from, end: Math.min(end, from + limits.diskCopyPartBytes) };
    });
  });
}

/** @throws StoreUnavailable, the signal's reason */
export async function copyParts(
  store: ObjectStore,
  parts: Part[],
  { concurrency = limits.diskCopyConcurrency, pause = 0, signal }: CopyPace,
): Promise<void> {
  await inParallel(parts, concurrency, async (part) => {
    signal?.throwIfAborted();
    const begun = performance.now();
    await copyPart(store, part);
    if (pause > 0) await sleep((performance.now() - begun) * pause, undefined, signal ? { signal } : {});
  });
}

async function copyPart(store: ObjectStore, { key, path, start, end }: Part): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, "a").then(async (created) => {
    await created.close();
    return open(path, "r+");
  });
  try {
    const bytes = end > start ? await store.read(key, start, end) : new Uint8Array();
    const { bytesWritten } = await file.write(bytes, 0, bytes.length, start);
    if (bytesWritten !== end - start)
      throw new DomainError(
        "StoreUnavailable",
        `${end - start} bytes were to be copied, ${bytesWritten} were`,
      );
  } finally {
    await file.close();
  }
}

/** After a failure nothing more is begun, and it is thrown when what was begun has ended. */
async function inParallel<T>(items: T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const failures: unknown[] = [];
  const worker = async () => {
    for (const item of queue)
      if (failures.length === 0) await work(item).catch((error) => failures.push(error));
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
}
