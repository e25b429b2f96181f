import type { SourceColumn } from "./parquet-source.ts";

/** What ids are made of; each becomes a string. */
export type IdForm = "text" | "integer" | "uuid" | "fixed-size binary";

/**
 * How a column's values become ids: integers digit by digit, UUIDs as lower-case 8-4-4-4-12, other bytes of a fixed size as
 * lower-case hex.
 * @returns undefined for a column that cannot be the id
 */
export function idFormOf({ type, fixedBinary }: SourceColumn): IdForm | undefined {
  if (fixedBinary) return fixedBinary === "uuid" ? "uuid" : "fixed-size binary";
  if (type === "Utf8") return "text";
  return /^U?[Ii]nt(8|16|32|64)$/.test(type) ? "integer" : undefined;
}
