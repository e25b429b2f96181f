import { viewOf } from "./lance-format.ts";
import type { StoredIndex } from "./manifest-indexes.ts";

/** The fragments that some indexes hold. @returns undefined where one of these does not tell @throws as fragmentsInBitmap */
export function fragmentsHeldBy(indexes: StoredIndex[]): Set<number> | undefined {
  const held = new Set<number>();
  for (const { fragments } of indexes) {
    if (!fragments) return undefined;
    for (const id of fragmentsInBitmap(fragments)) held.add(id);
  }
  return held;
}

/**
 * The fragments that an index holds, as manifests keep them: a Roaring bitmap in its portable form.
 * https://github.com/RoaringBitmap/RoaringFormatSpec
 * @throws Error where it is none, RangeError where it ends too early
 */
export function fragmentsInBitmap(bytes: Uint8Array): Set<number> {
  const view = viewOf(bytes);
  const { containers, hasRuns, start } = headerOf(view);
  const found = new Set<number>();
  let at = start + 4 * containers + (hasRuns && containers < leastWithOffsets ? 0 : 4 * containers);
  for (let i = 0; i < containers; i++) {
    const [upper, count] = [view.getUint16(start + 4 * i, true), view.getUint16(start + 4 * i + 2, true) + 1];
    const isRuns = hasRuns && (view.getUint8(4 + (i >> 3)) & (1 << (i & 7))) !== 0;
    const read = isRuns ? readRuns : count > mostInArray ? readBits : readArray;
    at = read(view, at, count, (lower) => found.add(upper * 65_536 + lower));
  }
  return found;
}

const [withRuns, withoutRuns] = [12_347, 12_346];
const leastWithOffsets = 4;
const mostInArray = 4_096;

function headerOf(view: DataView): { containers: number; hasRuns: boolean; start: number } {
  const cookie = view.getUint32(0, true);
  if (cookie === withoutRuns) return { containers: view.getUint32(4, true), hasRuns: false, start: 8 };
  if ((cookie & 0xffff) !== withRuns) throw new Error("it is no bitmap of fragments");
  const containers = (cookie >>> 16) + 1;
  return { containers, hasRuns: true, start: 4 + Math.ceil(containers / 8) };
}

type Read = (view: DataView, at: number, count: number, add: (value: number) => void) => number;

const readArray: Read = (view, at, count, add) => {
  for (let i = 0; i < count; i++) add(view.getUint16(at + 2 * i, true));
  return at + 2 * count;
};

const readBits: Read = (view, at, _, add) => {
  for (let value = 0; value < 65_536; value++)
    if ((view.getUint8(at + (value >> 3)) & (1 << (value & 7))) !== 0) add(value);
  return at + 8_192;
};

const readRuns: Read = (view, at, _, add) => {
  const runs = view.getUint16(at, true);
  for (let i = 0; i < runs; i++) {
    const [first, more] = [view.getUint16(at + 2 + 4 * i, true), view.getUint16(at + 4 + 4 * i, true)];
    for (let value = first; value <= first + more; value++) add(value);
  }
  return at + 2 + 4 * runs;
};
