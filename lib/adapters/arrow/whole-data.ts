import { type Data, DataType } from "apache-arrow";

/**
 * Data as they came, whose buffers may be shorter than they say, or whose offsets lead elsewhere: Arrow reads what is not there
 * as zeros.
 * @throws RangeError
 */
export function refuseShortData(data: Data): void {
  const { type, length, nullCount, nullBitmap, children } = data;
  if (DataType.isNull(type)) return;
  if (nullCount > 0) atLeast(8 * (nullBitmap?.length ?? 0), length);
  if (DataType.isFixedSizeList(type)) atLeast(lengthOf(children), length * sizeOf(type.listSize));
  else if (DataType.isList(type)) refuseOffsets(data, lengthOf(children));
  else if (hasOffsets(type)) refuseOffsets(data, lengthOf([data.values]));
  else if (DataType.isBool(type)) atLeast(8 * lengthOf([data.values]), length);
  else atLeast(lengthOf([data.values]), length * sizeOf(data.stride));
  for (const child of children) refuseShortData(child);
}

const hasOffsets = (type: DataType) =>
  DataType.isUtf8(type) ||
  DataType.isBinary(type) ||
  DataType.isLargeUtf8(type) ||
  DataType.isLargeBinary(type);

const lengthOf = ([first]: ({ length: number } | undefined)[]) => first?.length ?? 0;

function sizeOf(size: number): number {
  if (!(size >= 0)) throw new RangeError("values have no size");
  return size;
}

function refuseOffsets({ valueOffsets, length }: Data, most: number): void {
  if (length === 0) return;
  atLeast(lengthOf([valueOffsets]), length + 1);
  let before = 0;
  for (let i = 0; i <= length; i++) {
    const offset = Number(valueOffsets[i]);
    if (!(offset >= before && offset <= most)) throw new RangeError("offsets lead out of the values");
    before = offset;
  }
}

function atLeast(there: number, needed: number): void {
  if (!(there >= needed)) throw new RangeError("a buffer is shorter than its column");
}
