import { type Data, DataType, type Vector } from "apache-arrow";

/**
 * What a column's values are at least long as JSON, from how they lie in memory: strings and binary as many bytes as
 * they have, everything else one. Nothing of them is made.
 */
export function leastJsonBytes(column: Vector, from = 0, to = column.length): number {
  let [bytes, before] = [0, 0];
  for (const data of column.data) {
    const [start, end] = [Math.max(0, from - before), Math.min(data.length, to - before)];
    if (start < end) bytes += leastIn(data, start, end);
    before += data.length;
  }
  return bytes;
}

function leastIn(data: Data, start: number, end: number): number {
  const { type, valueOffsets, children } = data;
  if (
    DataType.isUtf8(type) ||
    DataType.isBinary(type) ||
    DataType.isLargeUtf8(type) ||
    DataType.isLargeBinary(type)
  )
    return Number(valueOffsets[end]) - Number(valueOffsets[start]);
  const [child] = children;
  if (DataType.isList(type) && child)
    return leastIn(child, Number(valueOffsets[start]), Number(valueOffsets[end]));
  if (DataType.isFixedSizeList(type) && child)
    return leastIn(child, start * type.listSize, end * type.listSize);
  return end - start;
}
