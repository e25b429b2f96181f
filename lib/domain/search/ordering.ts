import { z } from "zod";
import { limits } from "../../config/limits.ts";
import type { Issue } from "../errors.ts";
import type { Column } from "../index/index-entry.ts";
import { listed } from "../listed.ts";
import { columnName } from "../names.ts";
import { kindOf } from "../values/filter-types.ts";
import { namesOf } from "./facets.ts";

/** What documents are ordered by, the first column before the others; by their ids where all of these are equal. */
export const orderBy = z
  .array(
    z.strictObject({
      column: columnName,
      direction: z.enum(["asc", "desc"]).default("asc"),
      nulls: z.enum(["first", "last"]).default("last").meta({ description: "In either direction" }),
    }),
  )
  .min(1)
  .max(limits.maxOrderColumns)
  .meta({
    description:
      "Columns that documents are ordered by, then by their ids. Strings go by their code points, numbers as IEEE 754 orders them all: -0 before 0, NaN above Infinity. Without it, documents come as they are stored",
    example: [{ column: "year", direction: "desc" }],
  });
export type OrderBy = z.output<typeof orderBy>;

/** Every column that has no order, or is named twice. */
export function orderIssues(asked: OrderBy, columns: Column[]): Issue[] {
  return asked.flatMap(({ column }, i) => {
    const path = `orderBy[${i}].column`;
    if (asked.findIndex((one) => one.column === column) < i) return [{ path, message: "is named before" }];
    const known = columns.find(({ name }) => name === column);
    if (known && kindOf(known.type)) return [];
    const why = known ? `is ${known.type}, which has no order` : "no such column";
    return [{ path, message: `${why}; there are: ${listed(namesOf(columns, kindOf))}` }];
  });
}
