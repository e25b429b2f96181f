import { z } from "zod";
import { limits } from "../../config/limits.ts";
import type { Issue } from "../errors.ts";
import type { Column } from "../index/index-entry.ts";
import { columnName } from "../names.ts";
import { kindOf } from "../values/filter-types.ts";
import { namedColumnIssues } from "./named-columns.ts";

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
export const orderIssues = (asked: OrderBy, columns: Column[]): Issue[] =>
  namedColumnIssues(asked, columns, { field: "orderBy", isUsable: kindOf, otherwise: "which has no order" });
