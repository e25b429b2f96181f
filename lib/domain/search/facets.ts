import { z } from "zod";
import { limits } from "../../config/limits.ts";
import type { Issue } from "../errors.ts";
import type { Column } from "../index/index-entry.ts";
import { columnName } from "../names.ts";
import { isFilterable } from "../values/filter-types.ts";
import { namedColumnIssues } from "./named-columns.ts";

/** Columns whose values are counted over all rows that a filter leaves. */
export const facetRequests = z
  .array(
    z.strictObject({
      column: columnName,
      limit: z
        .int()
        .min(1)
        .max(limits.maxFacetValues)
        .default(limits.defaultFacetValues)
        .meta({ description: "How many values, those that most rows have" }),
    }),
  )
  .min(1)
  .max(limits.maxFacets)
  .meta({
    description:
      "Columns whose values are counted, over all rows that the filter leaves, and of a search by text alone those of them that it finds. A row counts once for each value of a list",
    example: [{ column: "source", limit: 5 }],
  });
export type FacetRequest = z.output<typeof facetRequests>[number];

export const facet = z
  .strictObject({
    column: z.string(),
    values: z
      .array(z.strictObject({ value: z.union([z.string(), z.number(), z.boolean()]), count: z.int() }))
      .meta({
        description: "Those that most rows have first, of as many in their order; as documents have them",
      }),
    moreValues: z.int().nullable().meta({
      description: "How many other values there are; null where they are too many to be told apart",
    }),
    nulls: z.int().meta({ description: "Rows without a value" }),
    isApproximate: z.boolean().meta({
      description: `Whether the column has more than ${limits.countedFacetValues} values, so that not all are counted to the end`,
    }),
    countError: z.int().optional().meta({
      description: "Where it is approximate: each count may be so much too small, and is never too large",
    }),
  })
  .meta({ id: "Facet" });
export type Facet = z.infer<typeof facet>;

export const facets = z.array(facet).meta({ description: "In the order in which they were asked for" });

export const count = z.int().min(0).meta({
  description:
    "Rows that the filter leaves, all of them; of a search by text alone those of them that it finds",
});

/** How a request asks for more than rows: for counts over all that its filter leaves. */
export const tallyFields = {
  count: z.boolean().optional().meta({
    description: "Whether all rows are counted that the filter leaves, and a search by text alone finds",
  }),
  facets: facetRequests.optional(),
};

/** What it is answered. */
export const tallied = { count: count.optional(), facets: facets.optional() };

/** Every column whose values cannot be counted, or that is named twice. */
export const facetIssues = (asked: FacetRequest[], columns: Column[]): Issue[] =>
  namedColumnIssues(asked, columns, {
    field: "facets",
    isUsable: isFilterable,
    otherwise: "whose values are not counted",
  });
