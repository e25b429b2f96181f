/** The manifest once more behind itself, with an empty field added. */
export function withField(bytes: Uint8Array, field: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const trailer = bytes.length - 16;
  const start = Number(view.getBigUint64(trailer, true));
  const length = view.getUint32(start, true);
  const tag = (field << 3) | 2;
  const added = [(tag & 0x7f) | 0x80, tag >> 7, 0];
  const message = Buffer.concat([bytes.subarray(start + 4, start + 4 + length), Buffer.from(added)]);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(message.length);
  const end = Buffer.from(bytes.subarray(trailer));
  end.writeBigUInt64LE(BigInt(trailer));
  return Buffer.concat([bytes.subarray(0, trailer), head, message, end]);
}
