/**
 * A number of a variable length (unsigned LEB128), as Thrift, Snappy, Parquet and WebAssembly write them. The cursor moves
 * behind it.
 * @param mostBytes it may have; of ten not all are held exactly
 * @throws Error where it does not end
 */
export function readVarint(bytes: Uint8Array, cursor: { at: number }, mostBytes = 10): number {
  let [value, factor] = [0, 1];
  for (let read = 0; read < mostBytes; read++) {
    const byte = bytes[cursor.at++];
    if (byte === undefined) break;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return value;
    factor *= 128;
  }
  throw new Error("a number does not end");
}
