import { z } from "zod";
import { limits } from "../../config/limits.ts";
import type { Issue } from "../errors.ts";
import type { Column } from "../index/index-entry.ts";
import { columnName } from "../names.ts";
import { kindOf } from "../values/filter-types.ts";
import { namedColumnIssues } from "./named-columns.ts";

/** The best hits of each value of a column, in place of the best of all. */
export const groupBy = z
  .strictObject({
    column: columnName.meta({ description: "Of strings, integers, booleans, timestamps or dates" }),
    limit: z
      .int()
      .min(1)
      .max(limits.maxGroups)
      .default(limits.defaultGroups)
      .meta({ description: "How many values, those of the best hits" }),
    size: z
      .int()
      .min(1)
      .max(limits.maxGroupSize)
      .default(limits.defaultGroupSize)
      .meta({ description: "How many hits of each" }),
  })
  .meta({
    id: "GroupBy",
    description:
      "In place of k: the best hits of each value of a column. There are as many groups, and as many hits of each, or all that match; null is a value, too",
    example: { column: "source", limit: 5, size: 2 },
  });
export type GroupBy = z.output<typeof groupBy>;

const groupable = new Set(["string", "integer", "boolean", "timestamp", "date"]);

/** What a group is of; null, too. */
export type GroupValue = string | number | boolean | null;

/** Where the column is not there, or its values make no groups. */
export const groupIssues = (asked: GroupBy, columns: Column[]): Issue[] =>
  namedColumnIssues([asked], columns, {
    field: "groupBy",
    isUsable: (type) => groupable.has(kindOf(type) ?? ""),
    otherwise: "whose values make no groups",
  }).map(({ message }) => ({ path: "groupBy.column", message }));

/** Of fields that do not go with groups, in a body as it was sent. */
export function groupedIssues(asked: Record<string, unknown>): Issue[] {
  const { groupBy: by, hybrid } = asked;
  if (typeof by !== "object" || by === null) return [];
  const { limit = limits.defaultGroups, size = limits.defaultGroupSize } = by as Partial<GroupBy>;
  const { candidates } = (hybrid ?? {}) as { candidates?: unknown };
  const least = Number(limit) * Number(size);
  return [
    ...(asked["k"] === undefined ? [] : [{ path: "k", message: "is groupBy.limit and groupBy.size here" }]),
    ...["offset", "cursor", "rerank"]
      .filter((field) => asked[field] !== undefined)
      .map((path) => ({ path, message: "is not for hits in groups" })),
    ...(typeof candidates === "number" && candidates < least
      ? [
          {
            path: "hybrid.candidates",
            message: `must be at least groupBy.limit times groupBy.size, ${least}`,
          },
        ]
      : []),
  ];
}
