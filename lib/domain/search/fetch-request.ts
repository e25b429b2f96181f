import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { asOf, consistency, minGeneration, minVersion } from "./freshness.ts";
import { columnList, docId } from "./search-request.ts";
import { document } from "./search-response.ts";

/** In a URL. */
export const minVersionParameter = z.coerce
  .number()
  .pipe(minVersion)
  .meta(minVersion.meta() ?? {});

/** In a URL, where a number is one. */
export const asOfParameter = z
  .string()
  .transform((text) => (/^\d+$/.test(text) ? Number(text) : text))
  .pipe(asOf)
  .meta(asOf.meta() ?? {});

/** `?select=a,b`, or a JSON array for names that hold a comma or begin with `[`. */
export const selectParameter = z
  .string()
  .max(limits.maxSelectLength)
  .transform((text, context) => {
    if (!text.startsWith("[")) return text.split(",");
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue("what begins with [ must be a JSON array of names");
      return z.NEVER;
    }
  })
  .pipe(columnList)
  .meta({
    description: 'Columns, separated by commas; as a JSON array where a name holds a comma: ["a,b","c"]',
  });

/** Several documents by their ids, of which a body can carry any. */
export const batchRequest = z
  .strictObject({
    ids: z.array(docId).min(1).max(limits.maxFetchedDocuments).meta({ description: "Ids of documents" }),
    select: columnList
      .optional()
      .meta({ description: "Columns of the documents; all but the vector without it" }),
    consistency: consistency.default("eventual"),
    minVersion: minVersion.optional(),
    minGeneration: minGeneration.optional(),
    asOf: asOf.optional(),
  })
  .meta({ id: "BatchGetRequest" });
export type BatchRequest = z.output<typeof batchRequest>;

export const batchResponse = z
  .strictObject({
    documents: z
      .array(document)
      .meta({ description: "Each once, in the order in which they were asked for" }),
    missing: z.array(z.string()).meta({ description: "Ids of which there is no document, in that order" }),
  })
  .meta({ id: "BatchGetResponse" });
export type BatchResponse = z.infer<typeof batchResponse>;
