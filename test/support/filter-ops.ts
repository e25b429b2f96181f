import type { Filter } from "../../lib/domain/values/filter.ts";

/** What fuzzed filters ask of a column. */
export const columnOps = [
  ...(["eq", "lt", "in", "not_in", "between", "starts_with", "eq_ignore_case"] as const),
  ...(["contains", "any", "exists", "is_null"] as const),
] satisfies Filter["op"][];
