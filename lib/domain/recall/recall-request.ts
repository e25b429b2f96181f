import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { badRequest, type Issue } from "../errors.ts";
import { asOf, consistency, minGeneration, minVersion } from "../search/freshness.ts";
import { askedVector, searchRequest } from "../search/search-request.ts";
import { cache } from "../search/search-response.ts";
import { issuesOf } from "../validate.ts";
import { filter, filterBoundIssues } from "../values/filter.ts";

const { nprobes, refineFactor, ef } = searchRequest.shape;

/** Which searches are compared with exact ones. */
export const recallRequest = z
  .strictObject({
    k: z
      .int()
      .min(1)
      .max(limits.maxMeasuredK)
      .default(limits.defaultK)
      .meta({ description: "Of how many nearest" }),
    queries: z
      .int()
      .min(1)
      .max(limits.maxMeasuredQueries)
      .optional()
      .meta({
        description: `How many rows are drawn whose neighbours are searched for; ${limits.defaultMeasuredQueries} without it`,
      }),
    vectors: z.array(askedVector).min(1).max(limits.maxMeasuredVectors).optional().meta({
      description: "In place of queries: what is searched for",
    }),
    filter: filter.optional(),
    nprobes: nprobes.unwrap().optional().meta({ description: "Without it, as a search is answered" }),
    refineFactor: refineFactor.unwrap().optional(),
    ef: ef.unwrap().optional(),
    consistency: consistency.default("eventual"),
    minVersion: minVersion.optional(),
    minGeneration: minGeneration.optional(),
    asOf: asOf.optional(),
  })
  .meta({ id: "RecallRequest" });
export type RecallRequest = z.output<typeof recallRequest>;

/** The bounds of the filter first, since everything after walks it recursively. @throws BadRequest with every problem */
export function parseRecallRequest(body: object): RecallRequest {
  const { filter, ...others } = body as Record<string, unknown>;
  const bounds = filterBoundIssues(filter);
  const parsed = recallRequest.safeParse(bounds.length > 0 ? others : body);
  const both: Issue[] =
    others["queries"] !== undefined && others["vectors"] !== undefined
      ? [{ path: "queries", message: "is for rows that are drawn; send it or vectors" }]
      : [];
  const issues = [...bounds, ...(parsed.success ? [] : issuesOf(parsed.error)), ...both];
  if (!parsed.success || issues.length > 0) throw badRequest(issues);
  return parsed.data;
}

const share = z.number().min(0).max(1);

export const recallResponse = z
  .strictObject({
    k: z.int(),
    recall: share.nullable().meta({
      description: "Of the k nearest of each query the share that was found, on average; null of no queries",
    }),
    standardError: z
      .number()
      .min(0)
      .nullable()
      .meta({ description: "Of that average, for other queries of the kind; null of fewer than two" }),
    queries: z.int().min(0).meta({
      description: "How many were measured: fewer than asked where there are no more rows, or no more time",
    }),
    asked: z.int().min(1),
    drawn: z.enum(["rows", "beside-rows", "given"]).meta({
      description:
        "rows: rows of the index, each left out of its own answer. beside-rows, of HNSW_SQ, which its own rows flatter: vectors beside them. given: those that were sent",
    }),
    promised: z
      .strictObject({
        target: z.number(),
        measured: z.number(),
        k: z.int().meta({ description: "At which that was measured, the nearest to the one that is asked" }),
        filtered: z.number().optional(),
        status: z.enum(["verified", "unverified"]).meta({
          description: "Whether it was measured at the version that is served, or every row is compared",
        }),
      })
      .nullable()
      .meta({ description: "What the index was published with; null for a key with a filter" }),
    performance: z.strictObject({
      cache,
      openMs: z.number(),
      totalMs: z.number(),
      generation: z.string(),
      version: z.int(),
      nprobes: z.int().optional(),
      refineFactor: z.int().optional(),
      ef: z.int().optional(),
    }),
  })
  .meta({ id: "RecallResponse" });
export type RecallResponse = z.infer<typeof recallResponse>;
