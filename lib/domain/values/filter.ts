import { z } from "zod";
import { limits } from "../../config/limits.ts";
import type { Issue } from "../errors.ts";
import { columnName } from "../names.ts";

const text = z.string().max(limits.maxFilterStringLength);
const textLimit = `at most ${limits.maxFilterStringLength} characters`;
const scalar = z.union([text, z.number(), z.boolean()], {
  error: `must be a string of ${textLimit}, a finite number, or true or false`,
});
const ordered = z.union([text, z.number()], {
  error: `must be a string of ${textLimit} or a finite number`,
});

export type Scalar = string | number | boolean;
export type Filter =
  | { op: "and" | "or"; filters: Filter[] }
  | { op: "not"; filter: Filter }
  | { op: "eq" | "ne"; column: string; value: Scalar }
  | { op: "lt" | "lte" | "gt" | "gte"; column: string; value: string | number }
  | { op: "in" | "any" | "all"; column: string; values: Scalar[] }
  | { op: "not_in"; column: string; values: Scalar[] }
  | { op: "between"; column: string; low: string | number; high: string | number }
  | { op: "starts_with" | "like-prefix"; column: string; prefix: string }
  | { op: "eq_ignore_case"; column: string; value: string }
  | { op: "contains"; column: string; value: Scalar }
  | { op: "is_null"; column: string }
  | { op: "exists"; column: string };

/** A filter is data, never SQL: a tree over the index's columns, compiled with their types in the LanceDB adapter. */
export const filter: z.ZodType<Filter> = z
  .lazy(() =>
    z.discriminatedUnion("op", [
      z.strictObject({
        op: z.enum(["and", "or"]),
        filters: z.array(filter).min(1).max(limits.maxFilterNodes),
      }),
      z.strictObject({ op: z.literal("not"), filter }),
      z.strictObject({ op: z.enum(["eq", "ne", "contains"]), column: columnName, value: scalar }),
      z.strictObject({ op: z.literal("eq_ignore_case"), column: columnName, value: text }),
      z.strictObject({ op: z.enum(["lt", "lte", "gt", "gte"]), column: columnName, value: ordered }),
      z.strictObject({
        op: z.enum(["in", "not_in", "any", "all"]),
        column: columnName,
        values: z.array(scalar).min(1).max(limits.maxFilterValues),
      }),
      z.strictObject({ op: z.literal("between"), column: columnName, low: ordered, high: ordered }),
      z.strictObject({
        op: z.enum(["starts_with", "like-prefix"]),
        column: columnName,
        prefix: z.string().min(1).max(limits.maxFilterStringLength),
      }),
      z.strictObject({ op: z.enum(["is_null", "exists"]), column: columnName }),
    ]),
  )
  .meta({
    id: "Filter",
    description: `At most ${limits.maxFilterNodes} nodes, ${limits.maxFilterDepth} levels. A comparison with a null is neither true nor false, as in SQL: is_null alone finds it. One with NaN is neither, too, though NaN is not null; "Infinity" and "-Infinity" stand for themselves. Times are ISO 8601, without an offset UTC; numbers are compared in the column's precision. contains, any and all are about the values of a list: whether it has one, one of some, or each of some. eq_ignore_case compares what Unicode makes of both in lower case. like-prefix is starts_with by its older name.`,
  });

/**
 * The bounds of a filter, checked without recursion before anything recursive sees it: 900 OR terms make LanceDB's
 * process fault, and a deep tree would exhaust our own stack.
 */
export function filterBoundIssues(input: unknown): Issue[] {
  let level: unknown[] = [input];
  let nodes = 0;
  for (let depth = 1; level.length > 0; depth++) {
    nodes += level.length;
    if (nodes > limits.maxFilterNodes)
      return [{ path: "filter", message: `more than ${limits.maxFilterNodes} nodes` }];
    if (depth > limits.maxFilterDepth)
      return [{ path: "filter", message: `deeper than ${limits.maxFilterDepth} levels` }];
    level = level.flatMap(childrenOf);
  }
  return [];
}

function childrenOf(node: unknown): unknown[] {
  if (typeof node !== "object" || node === null) return [];
  const { filters, filter: inner } = node as { filters?: unknown; filter?: unknown };
  const children = Array.isArray(filters) ? filters.slice(0, limits.maxFilterNodes + 1) : [];
  return inner === undefined ? children : [...children, inner];
}
