import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { badRequest, DomainError, type Issue } from "../errors.ts";
import { explanation } from "./explanation.ts";
import { parseSearchRequest } from "./parse-search.ts";
import { type SearchRequest, searchRequest } from "./search-request.ts";
import { searchResponse } from "./search-response.ts";

/** As deep as pages go, and as often as groups are searched for, many at once would take any time. */
const alone = { offset: true, cursor: true, groupBy: true } as const;

/** Many queries at once: fields beside them hold for each that has none of its own. */
export const queriesRequest = searchRequest
  .omit({ vector: true, docId: true, includeSelf: true, text: true, ...alone })
  .extend({
    queries: z
      .array(
        searchRequest
          .omit({
            ...{ consistency: true, minVersion: true, minGeneration: true, asOf: true, explain: true },
            ...alone,
          })
          .meta({ id: "SearchQuery" }),
      )
      .min(1)
      .max(limits.maxQueries)
      .meta({ description: "Each is answered by itself, all from one version" }),
  })
  .meta({ id: "SearchQueries" });

export const queriesResponse = z
  .strictObject({
    results: z
      .array(
        z.union([
          searchResponse,
          z.strictObject({ problem: z.strictObject({ code: z.string(), detail: z.string() }) }),
        ]),
      )
      .meta({ description: "One of each query, in their order; problem: there is no document of its docId" }),
    explain: explanation.optional(),
  })
  .meta({ id: "SearchResults" });
export type QueriesResponse = z.infer<typeof queriesResponse>;

/** All of one index and one version, which each of them says. */
export interface QueriesRequest {
  queries: [SearchRequest, ...SearchRequest[]];
}

/** A search of one query or of many. @throws BadRequest with every problem */
export function parseSearchBody(body: unknown): SearchRequest | QueriesRequest {
  const isMany = typeof body === "object" && body !== null && "queries" in body;
  return isMany ? parseQueries(body as Record<string, unknown>) : parseSearchRequest(body);
}

function parseQueries({ queries: given, ...common }: Record<string, unknown>): QueriesRequest {
  if (!Array.isArray(given) || given.length < 1 || given.length > limits.maxQueries)
    throw badRequest({ path: "queries", message: `must be an array of 1 to ${limits.maxQueries} queries` });
  const ofOne = ["vector", "docId", "includeSelf", "text"].filter((path) => path in common);
  const issues: Issue[] = ofOne.map((path) => ({ path, message: "is for each of queries, not beside them" }));
  issues.push(...aloneIssues(common, ""));
  const queries = given.flatMap((one, i) => {
    const problems = queryIssues(one, i);
    issues.push(...problems);
    if (problems.length > 0 || ofOne.length > 0) return [];
    try {
      return [parseSearchRequest({ ...common, ...one })];
    } catch (error) {
      if (!(error instanceof DomainError) || error.kind !== "BadRequest") throw error;
      issues.push(...error.issues.map((issue) => placed(issue, one, i)));
      return [];
    }
  });
  const hits = queries.reduce((sum, { k }) => sum + k, 0);
  if (hits > limits.maxHitsOfQueries)
    issues.push({ path: "queries", message: `ask for ${hits} hits, ${limits.maxHitsOfQueries} at most` });
  const [first, ...more] = queries;
  if (issues.length > 0 || !first) throw badRequest(onceEach(issues));
  return { queries: [first, ...more] };
}

function queryIssues(one: unknown, i: number): Issue[] {
  if (typeof one !== "object" || one === null || Array.isArray(one))
    return [{ path: `queries[${i}]`, message: "must be an object" }];
  const ofAll = ["consistency", "minVersion", "minGeneration", "asOf", "explain"]
    .filter((field) => field in one)
    .map((field) => ({
      path: `queries[${i}].${field}`,
      message: "goes beside queries, for all of them: they are answered from one version",
    }));
  return [...ofAll, ...aloneIssues(one, `queries[${i}].`)];
}

const aloneIssues = (of: object, at: string): Issue[] =>
  Object.keys(alone)
    .filter((field) => field in of)
    .map((field) => ({ path: `${at}${field}`, message: "is for a search of one query" }));

/** A field that a query has from beside them is named there. */
function placed({ path, message }: Issue, one: object, i: number): Issue {
  const [field = ""] = path.split(/[.[]/);
  const isCommon = !(field in one) && field !== "vector";
  return { path: isCommon ? path : `queries[${i}]${path ? "." : ""}${path}`, message };
}

function onceEach(issues: Issue[]): Issue[] {
  const seen = new Map(issues.map((issue) => [`${issue.path} ${issue.message}`, issue]));
  return [...seen.values()];
}
