import { z } from "zod";
import { explanation } from "./explanation.ts";
import { tallied } from "./facets.ts";
import { hit, searchPerformance } from "./search-response.ts";

export const hitGroup = z
  .strictObject({
    value: z.union([z.string(), z.number(), z.boolean()]).nullable().meta({
      description: "Of the column, as documents have it; null: of documents without a value",
    }),
    hits: z.array(hit).meta({ description: "The best of the group, best first" }),
  })
  .meta({ id: "HitGroup" });
export type HitGroup = z.infer<typeof hitGroup>;

/** The answer to a search with groupBy. */
export const groupedResponse = z
  .strictObject({
    groups: z.array(hitGroup).meta({ description: "In the order of their best hits" }),
    ...tallied,
    performance: searchPerformance.extend({
      searches: z.int().min(1).meta({
        description:
          "How many searches it took until the groups were full, or all that matches was seen; nprobes, refineFactor and ef are those of the first",
      }),
    }),
    explain: explanation.optional(),
  })
  .meta({ id: "GroupedResponse" });
export type GroupedResponse = z.infer<typeof groupedResponse>;
