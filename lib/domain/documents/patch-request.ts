import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { filter } from "../values/filter.ts";
import { parseWithFilters } from "./request-filters.ts";

const set = z
  .record(z.string(), z.unknown())
  .refine((values) => Object.keys(values).length > 0, "names nothing that is to be changed")
  .meta({
    description:
      "Values by column, in the form in which answers show them; a column that is not named keeps its value, null takes it away. The id cannot be set",
    type: "object",
  });

const conditions = {
  ifVersion: z
    .strictObject({ generation: z.string(), version: z.int().min(1) })
    .optional()
    .meta({
      description:
        "As an answer named it: nothing is changed where the index has been written to since, whichever documents that were, or built anew",
    }),
  if: filter.optional(),
};

/** What is changed of one document. */
export const onePatch = z.strictObject({ set, ...conditions }).meta({
  id: "DocumentPatch",
  description: "`if`: a filter that the document has to match, else nothing is changed",
});

/** What is changed of many. */
export const patchRequest = z
  .strictObject({
    documents: z
      .array(z.unknown())
      .min(1)
      .max(limits.maxDocuments)
      .optional()
      .meta({
        description:
          "Each an object with its id and the columns that are to be changed, in the form in which answers show them",
        items: { type: "object" },
      }),
    filter: filter.optional(),
    set: set.optional(),
    ...conditions,
    dryRun: z
      .boolean()
      .default(false)
      .meta({ description: "Counts what would be changed, and changes nothing" }),
  })
  .refine(
    (asked) =>
      asked.documents ? !asked.filter && !asked.set : asked.filter && asked.set && asked.if === undefined,
    "must have documents, each with its values, or a filter and a set; `if` is for documents",
  )
  .meta({ id: "PatchRequest" });

export const parseOnePatch = parseWithFilters(onePatch, "if");
export const parsePatch = parseWithFilters(patchRequest, "filter", "if");
