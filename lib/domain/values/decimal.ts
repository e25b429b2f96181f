import type { Scalar } from "./filter.ts";

const written = /^([+-]?)(\d{1,100})(?:\.(\d{1,100}))?(?:[eE]([+-]?\d{1,3}))?$/;
/** A double tells decimals of so many digits apart, and gives each back as it was written. */
const digitsOfDouble = 15;

/** What a decimal column holds: so many digits, `scale` of them after the point. */
export interface DecimalType {
  precision: number;
  scale: number;
}

/** From the printed type, such as `Decimal[20e+2]`. */
export function decimalTypeOf(type: string): DecimalType | undefined {
  const found = /^Decimal\[(\d+)e([+-]?\d+)\]$/.exec(type);
  return found ? { precision: Number(found[1]), scale: Number(found[2]) } : undefined;
}

/**
 * A number as a decimal column counts it, in units of its last digit; undefined for one that it cannot hold, and for a
 * number of more digits than a double is sure of, which may have lost some before we see it.
 */
export function unscaledOf(value: Scalar, { precision, scale }: DecimalType): bigint | undefined {
  if (typeof value === "boolean") return undefined;
  const [, sign, whole, fraction = "", exponent = "0"] = written.exec(String(value)) ?? [];
  if (whole === undefined) return undefined;
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return 0n;
  if (typeof value === "number" && significant.length > digitsOfDouble) return undefined;
  const zeros = digits.length - significant.length - fraction.length + Number(exponent) + scale;
  if (zeros < 0 || significant.length + zeros > precision) return undefined;
  const unscaled = BigInt(significant) * 10n ** BigInt(zeros);
  return sign === "-" ? -unscaled : unscaled;
}

/** All digits of it, `scale` of them after the point. */
export function decimalText(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  const point = digits.length - scale;
  const fraction = scale > 0 ? `.${digits.slice(point)}` : "";
  return `${unscaled < 0n ? "-" : ""}${digits.slice(0, point)}${fraction}`;
}

/** As JSON has it: a number where its digits are safe in a double, else its text. */
export function decimalJson(unscaled: bigint, scale: number): number | string {
  const text = decimalText(unscaled, scale);
  const significant = String(unscaled).replace(/^-|0+$/g, "");
  return significant.length <= digitsOfDouble ? Number(text) : text;
}
