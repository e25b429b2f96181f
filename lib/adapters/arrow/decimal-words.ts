import type { Data, Decimal } from "apache-arrow";

/** A decimal in units of its last digit: Arrow has it as 32-bit words, least significant first, in two's complement. */
export function decimalAt({ type, values }: Data<Decimal>, row: number): bigint {
  const words = type.bitWidth / 32;
  let unsigned = 0n;
  for (let i = words - 1; i >= 0; i--) unsigned = (unsigned << 32n) | BigInt(values[row * words + i] ?? 0);
  return BigInt.asIntN(type.bitWidth, unsigned);
}

/** Writes one as Arrow has it. */
export function setDecimal(words: Uint32Array, row: number, bitWidth: number, unscaled: bigint): void {
  const count = bitWidth / 32;
  for (let i = 0; i < count; i++)
    words[row * count + i] = Number(BigInt.asUintN(32, unscaled >> BigInt(32 * i)));
}
