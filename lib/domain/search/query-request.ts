import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { badRequest, type Issue } from "../errors.ts";
import { issuesOf } from "../validate.ts";
import { filter, filterBoundIssues } from "../values/filter.ts";
import { explain, explanation } from "./explanation.ts";
import { tallied, tallyFields } from "./facets.ts";
import { asOf, consistency, minGeneration, minVersion } from "./freshness.ts";
import { orderBy } from "./ordering.ts";
import { columnList } from "./search-request.ts";
import { cache, document, onDisk } from "./search-response.ts";

/** Documents by their columns, without a vector. */
export const queryRequest = z
  .strictObject({
    filter: filter.optional(),
    select: columnList
      .optional()
      .meta({ description: "Columns of the documents; all but the vector without it" }),
    orderBy: orderBy.optional(),
    limit: z
      .int()
      .min(0)
      .max(limits.maxListedDocuments)
      .default(limits.defaultListedDocuments)
      .meta({ description: "Documents of a page at most; 0 where counts alone are asked for" }),
    offset: z
      .int()
      .min(0)
      .max(limits.maxQueryOffset)
      .optional()
      .meta({ description: "How many documents come before the first page; further on leads a cursor" }),
    cursor: z
      .string()
      .min(1)
      .max(limits.maxCursorLength)
      .optional()
      .meta({ description: "The next of the page before, of the same filter and order" }),
    explain,
    ...tallyFields,
    consistency: consistency.default("eventual"),
    minVersion: minVersion.optional(),
    minGeneration: minGeneration.optional(),
    asOf: asOf.optional(),
  })
  .meta({
    id: "QueryRequest",
    example: {
      filter: { op: "starts_with", column: "chunk_text", prefix: "de" },
      orderBy: [{ column: "chunk_text", direction: "desc" }],
      limit: 3,
      select: ["chunk_text"],
      count: true,
      facets: [{ column: "source" }],
    },
  });
export type QueryRequest = z.output<typeof queryRequest>;

export const queryResponse = z
  .strictObject({
    documents: z
      .array(document)
      .meta({ description: "In the order asked for; fewer than the limit where these are long" }),
    next: z.string().nullable().meta({
      description: "Cursor of the next page; null on the last, and where no documents were asked for",
    }),
    ...tallied,
    performance: z.strictObject({
      cache: cache.meta({ description: "As of a search" }),
      onDisk: onDisk.optional().meta({ description: "As of a search" }),
      openMs: z.number(),
      queryMs: z.number(),
      totalMs: z.number(),
      generation: z.string(),
      version: z.int().meta({ description: "Of the table, of which all pages and counts are" }),
      viewAgeMs: z.int().min(0).meta({ description: "As of a search" }),
    }),
    explain: explanation.optional(),
  })
  .meta({ id: "QueryResponse" });
export type QueryResponse = z.infer<typeof queryResponse>;

/**
 * Parses a body: the filter's bounds first, since everything after walks it recursively.
 * @throws BadRequest with every problem
 */
export function parseQueryRequest(body: unknown): QueryRequest {
  const bounds = filterBoundIssues((body as { filter?: unknown } | null)?.filter);
  const parsed = queryRequest.safeParse(
    bounds.length > 0 ? { ...(body as object), filter: undefined } : body,
  );
  const issues = [...bounds, ...(parsed.success ? togetherIssues(parsed.data) : issuesOf(parsed.error))];
  if (!parsed.success || issues.length > 0) throw badRequest(issues);
  return parsed.data;
}

function togetherIssues({ cursor, ...more }: QueryRequest): Issue[] {
  const message = "is for the first page; where the next begins, and of which version, the cursor says";
  const given = (["offset", "asOf"] as const).filter((field) => more[field] !== undefined);
  return cursor === undefined ? [] : given.map((path) => ({ path, message }));
}
