import { limits } from "../../config/limits.ts";
import { badRequest, type Issue } from "../errors.ts";
import { textBoundIssues } from "../text/text-query.ts";
import { issuesOf } from "../validate.ts";
import { filterBoundIssues } from "../values/filter.ts";
import { groupedIssues } from "./group-by.ts";
import { type SearchRequest, searchRequest } from "./search-request.ts";

/**
 * Parses a search body: the bounds of the filter and of the text first, since everything after walks them recursively.
 * @throws BadRequest with every problem
 */
export function parseSearchRequest(body: unknown): SearchRequest {
  const { filter, text } = (body ?? {}) as { filter?: unknown; text?: unknown };
  const bounds = [...filterBoundIssues(filter), ...textBoundIssues(text)];
  const out = Object.fromEntries(bounds.map(({ path }) => [path, undefined]));
  const parsed = searchRequest.safeParse(bounds.length > 0 ? { ...(body as object), ...out } : body);
  const issues = [...bounds, ...(parsed.success ? [] : issuesOf(parsed.error)), ...togetherIssues(body)];
  if (!parsed.success || issues.length > 0) throw badRequest(issues);
  return parsed.data;
}

/** Of fields that go with some others alone. */
function togetherIssues(body: unknown): Issue[] {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return [];
  const asked = body as Record<string, unknown>;
  const has = (field: string) => asked[field] !== undefined;
  const [byVector, byDocument, byText] = [has("vector"), has("docId"), has("text")];
  return [
    ...(byVector || byDocument || byText
      ? []
      : [{ path: "vector", message: "must be an array of numbers, or docId or text be given" }]),
    ...legIssues(asked, byVector || byDocument, byText),
    ...(byVector && byDocument
      ? [{ path: "docId", message: "is in place of a vector; send one of them" }]
      : []),
    ...(has("includeSelf") && !byDocument ? [{ path: "includeSelf", message: "is for docId" }] : []),
    ...pageIssues(asked),
    ...["offset", "cursor"]
      .filter((field) => has("rerank") && has(field))
      .map((path) => ({
        path,
        message: "is for hits as they are found: a reranker orders its candidates alone",
      })),
    ...groupedIssues(asked),
    ...["nprobes", "refineFactor", "ef"]
      .filter((field) => asked["exact"] === true && has(field))
      .map((path) => ({ path, message: "is for an index, which exact does without" })),
  ];
}

function pageIssues({ offset, cursor, k = limits.defaultK }: Record<string, unknown>): Issue[] {
  const path = "offset";
  if (offset !== undefined && cursor !== undefined)
    return [{ path, message: "is for the first page; where the next begins the cursor says" }];
  return Number(offset) + Number(k) > limits.maxSearchDepth
    ? [{ path, message: `and k are together more than ${limits.maxSearchDepth}` }]
    : [];
}

/** Of legs, and of what is for some of them alone; a text alone may be made a vector. */
function legIssues(asked: Record<string, unknown>, nears: boolean, reads: boolean): Issue[] {
  const legs = Array.isArray(asked["legs"]) ? asked["legs"] : ["vector", "text"];
  const at = (leg: string) => `legs[${legs.indexOf(leg)}]`;
  const named = asked["legs"] !== undefined;
  const mayBeNear = nears || typeof asked["text"] === "string";
  const [byVector, byText] = [mayBeNear && legs.includes("vector"), reads && legs.includes("text")];
  const forVector = ["nprobes", "refineFactor", "ef", "exact"].filter((field) => asked[field] !== undefined);
  return [
    ...(named && legs.includes("vector") && !mayBeNear
      ? [{ path: at("vector"), message: "takes a vector, a docId or a text that is a string" }]
      : []),
    ...(named && legs.includes("text") && !reads ? [{ path: at("text"), message: "takes a text" }] : []),
    ...(asked["hybrid"] !== undefined && !(byVector && byText)
      ? [{ path: "hybrid", message: "is for searches by both vector and text" }]
      : []),
    ...(byText && !byVector ? forVector.map((path) => ({ path, message: "is for searches by vector" })) : []),
    ...(asked["highlight"] && !byText ? [{ path: "highlight", message: "is for searches by text" }] : []),
    ...fusionIssues(asked),
  ];
}

/** Of fields of the fusion that do not go with others. */
function fusionIssues({ hybrid, k = limits.defaultK }: Record<string, unknown>): Issue[] {
  const { fusion, rrfK, candidates } = (hybrid ?? {}) as Record<string, unknown>;
  return [
    ...(fusion === "weighted" && rrfK !== undefined
      ? [{ path: "hybrid.rrfK", message: "is for fusion rrf" }]
      : []),
    ...(typeof candidates === "number" && typeof k === "number" && candidates < k
      ? [{ path: "hybrid.candidates", message: `must be at least k, ${k}` }]
      : []),
  ];
}
