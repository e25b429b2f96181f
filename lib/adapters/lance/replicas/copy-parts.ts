import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { limits } from "../../../config/limits.ts";
import { DomainError } from "../../../domain/errors.ts";
import type { ObjectStore } from "../../../domain/object-store.ts";
import type { ByteRange } from "../files/lance-format.ts";

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

/** After a failure nothing more is begun. @throws StoreUnavailable, the signal's reason, when what was begun has ended */
export async function copyParts(
  store: ObjectStore,
  parts: Part[],
  { concurrency = limits.diskCopyConcurrency, pause = 0, signal }: CopyPace,
): Promise<void> {
  for (const path of new Set(parts.map(({ path }) => path))) await created(path); // all at once would all be open at once
  const queue = parts.values();
  const failures: unknown[] = [];
  const copySome = async () => {
    const memory = new Uint8Array(parts.reduce((most, { start, end }) => Math.max(most, end - start), 0));
    for (const part of queue) {
      if (failures.length > 0) return;
      signal?.throwIfAborted();
      const begun = performance.now();
      await copyPart(store, part, memory);
      if (pause > 0) await sleep((performance.now() - begun) * pause, undefined, signal ? { signal } : {});
    }
  };
  const width = Math.min(concurrency, parts.length);
  const copying = Array.from({ length: width }, () => copySome().catch((error) => failures.push(error)));
  await Promise.all(copying);
  if (failures.length > 0) throw failures[0];
}

/** For loops that take from it at the same time: the first that fails ends it, and so what the others would begin. */
export function* shared<T>(items: T[]): Generator<T> {
  yield* items;
}

/** What is there stays. */
async function created(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await (await open(path, "a")).close();
}

/** @param memory for the bytes @throws StoreUnavailable where there are not as many */
export async function copyPart(
  store: ObjectStore,
  { key, path, start, end }: Part,
  memory: Uint8Array,
): Promise<void> {
  const file = await open(path, "r+");
  try {
    const bytes = end > start ? await store.readInto(key, start, memory.subarray(0, end - start)) : 0;
    const { bytesWritten } = await file.write(memory, 0, bytes, start);
    if (bytesWritten !== end - start)
      throw new DomainError(
        "StoreUnavailable",
        `${end - start} bytes were to be copied, ${bytesWritten} were`,
      );
  } finally {
    await file.close();
  }
}
