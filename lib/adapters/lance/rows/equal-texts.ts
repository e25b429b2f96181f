import { DataType, type Vector } from "apache-arrow";

/** A row of a column, and how many of its rows have the same value. */
export interface EqualRows {
  row: number;
  count: number;
}

/**
 * Rows of a column of texts by their values, compared as bytes: to make a string of each takes ten times as long.
 * @returns the first of each value, in their order; undefined for a column of anything else, or of several chunks
 */
export function equalTexts({ type, data }: Vector): EqualRows[] | undefined {
  const [chunk, ...others] = data;
  if (!DataType.isUtf8(type) || !chunk || others.length > 0) return undefined;
  const { values: bytes, valueOffsets: ends, length } = chunk;
  const found: EqualRows[] = [];
  const nulls: EqualRows[] = [];
  const mask = 2 ** Math.ceil(Math.log2(2 * length + 1)) - 1;
  const places = new Int32Array(mask + 1); // in what was found, from 1; linear probing
  for (let row = 0; row < length; row++) {
    const isNull = chunk.nullCount > 0 && !chunk.getValid(row);
    const one = isNull ? nulls[0] : equalTo(row);
    if (one) one.count++;
    else if (isNull) nulls.push({ row, count: 1 });
  }
  return [...found, ...nulls];

  /** The rows with its value, counted before or now begun. */
  function equalTo(row: number): EqualRows | undefined {
    const [begin, end] = [ends[row] as number, ends[row + 1] as number];
    let slot = hashOf(bytes, begin, end) & mask;
    for (let place = places[slot]; place; place = places[slot]) {
      const one = found[place - 1] as EqualRows;
      if (isEqual(bytes, ends[one.row] as number, ends[one.row + 1] as number, begin, end)) return one;
      slot = (slot + 1) & mask;
    }
    places[slot] = found.push({ row, count: 1 });
    return undefined;
  }
}

/** Another in each process: nobody writes values that fall on one place. */
const seed = Math.floor(Math.random() * 2 ** 31);

/** FNV-1a, its upper bits folded into the lower ones. */
function hashOf(bytes: Uint8Array, begin: number, end: number): number {
  let hash = seed;
  for (let i = begin; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 16_777_619);
  return (hash ^ (hash >>> 15)) >>> 0;
}

function isEqual(bytes: Uint8Array, from: number, to: number, begin: number, end: number): boolean {
  if (to - from !== end - begin) return false;
  for (let i = 0; i < end - begin; i++) if (bytes[from + i] !== bytes[begin + i]) return false;
  return true;
}
