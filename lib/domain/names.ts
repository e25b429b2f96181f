import { z } from "zod";
import { limits } from "../config/limits.ts";

/** The name of an index: a path segment on every store, so small letters, digits, `_` and `-` only. */
export const indexName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, "1 to 63 of a-z 0-9 _ -, the first a letter or digit")
  .meta({ description: "Name of an index", example: "words" });

/** The alias of a registered bucket. */
export const bucketAlias = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_.:-]{0,127}$/, "1 to 128 of a-z 0-9 _ . : -, the first a letter or digit")
  .meta({ description: "Alias of a registered bucket", example: "primary" });

/** The id of a job; also the name of its execution. */
export const jobId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,80}$/, "1 to 80 of A-Z a-z 0-9 _ -")
  .meta({ description: "Id of a job", example: "job-0f3c9a2b7d5e4f6a8b1c2d3e4f5a6b7c" });

/** The name of a column, as every request may name what a load has taken. */
export const columnName = z
  .string()
  .min(1)
  .max(limits.maxColumnNameLength)
  .refine((name) => name.isWellFormed(), "must be well-formed Unicode");

/**
 * `bucket-alias/key-or-prefix`. The key is relative: no empty, `.` or `..` segments, no backslash and no control
 * characters, so that it can never leave the bucket's root.
 */
export const sourceName = z
  .string()
  .max(1_024)
  .regex(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    /^[a-z0-9][a-z0-9_.:-]{0,127}\/(?!\.{1,2}(\/|$))[^/\\\x00-\x1f\x7f]+(\/(?!\.{1,2}(\/|$))[^/\\\x00-\x1f\x7f]+)*\/?$/,
    "bucket-alias/key-or-prefix, without empty, . or .. segments",
  )
  .meta({ description: "Parquet file or prefix in a registered bucket", example: "examples/words" });

/** Splits a valid source name. */
export function splitSource(source: string): { bucket: string; key: string } {
  const slash = source.indexOf("/");
  return { bucket: source.slice(0, slash), key: source.slice(slash + 1).replace(/\/$/, "") };
}

/** `g7` is the seventh generation; a table of another name is none. */
export function generationNumber(table: string): number {
  return Number(/^g(\d+)$/.exec(table)?.[1] ?? 0);
}
