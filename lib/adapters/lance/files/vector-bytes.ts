import { limits } from "../../../config/limits.ts";
import { DomainError } from "../../../domain/errors.ts";
import type { Fallbacks } from "../../../domain/fallbacks.ts";
import type { ObjectStore } from "../../../domain/object-store.ts";
import { type ByteRange, columnsStart, dataTrailerBytes, pagesOf } from "./lance-format.ts";
import { dataFilesOf } from "./manifest.ts";
import type { StoredFile } from "./version-files.ts";

/**
 * Where the vectors lie in a table's data files, so that everything else can be copied before them. What cannot be told
 * counts as everything else; so does a small file.
 * @param manifest of the version
 * @returns by key, in order
 * @throws StoreUnavailable
 */
export async function vectorBytes(
  store: ObjectStore,
  files: StoredFile[],
  manifest: Uint8Array,
  vectorColumn: string,
  fallbacks: Fallbacks,
): Promise<Map<string, ByteRange[]>> {
  const found = new Map<string, ByteRange[]>();
  try {
    const columns = new Map(
      dataFilesOf(manifest).map(({ path, columnOf }) => [path, columnOf(vectorColumn)]),
    );
    for (const file of files) {
      const column = columns.get(file.key.slice(file.key.lastIndexOf("/") + 1));
      if (column !== undefined && file.bytes >= limits.leastSplitFileBytes)
        found.set(file.key, await rangesIn(store, file, column, fallbacks));
    }
  } catch (error) {
    if (error instanceof DomainError) throw error;
    fallbacks.happened("vectors-last", "data-file-unreadable");
  }
  return found;
}

async function rangesIn(
  store: ObjectStore,
  { key, bytes }: StoredFile,
  column: number,
  fallbacks: Fallbacks,
) {
  const guess = await store.read(key, bytes - Math.min(bytes, limits.dataFileTailBytes), bytes);
  const start = columnsStart(guess.subarray(-dataTrailerBytes));
  const isLonger = bytes - start > guess.length;
  if (isLonger) fallbacks.happened("tail-in-one-read", "longer");
  const tail = isLonger ? await store.read(key, start, bytes) : guess.subarray(start - bytes);
  const ranges = pagesOf(tail, column).toSorted((a, b) => a.start - b.start);
  refuseOverlaps(ranges, start, key);
  return ranges;
}

function refuseOverlaps(ranges: ByteRange[], end: number, key: string): void {
  const bounds = [...ranges.flatMap((range) => [range.start, range.end]), end];
  if (bounds.some((bound, i) => bound < (bounds[i - 1] ?? 0))) throw new Error(`${key}: pages that overlap`);
}

/** The bytes of a file that are in none of the ranges, which are in order. */
export function bytesBeside(ranges: ByteRange[], bytes: number): ByteRange[] {
  const starts = [0, ...ranges.map(({ end }) => end)];
  const ends = [...ranges.map(({ start }) => start), bytes];
  return starts.map((start, i) => ({ start, end: ends[i] ?? bytes })).filter(({ start, end }) => end > start);
}
