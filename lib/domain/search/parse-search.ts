import { limits } from "../../config/limits.ts";
import { badRequest, type Issue } from "../errors.ts";
import { issuesOf } from "../validate.ts";
import { filterBoundIssues } from "../values/filter.ts";
import { type SearchRequest, searchRequest } from "./search-request.ts";

/**
 * Parses a search body: the filter's bounds first, since everything after walks it recursively.
 * @throws BadRequest with every problem
 */
export function parseSearchRequest(body: unknown): SearchRequest {
  const bounds = filterBoundIssues((body as { filter?: unknown } | null)?.filter);
  const parsed = searchRequest.safeParse(
    bounds.length > 0 ? { ...(body as object), filter: undefined } : body,
  );
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
    ...(byVector && byDocument
      ? [{ path: "docId", message: "is in place of a vector; send one of them" }]
      : []),
    ...(byText && (byVector || byDocument)
      ? [{ path: "text", message: "is in place of a vector or docId; send one of them" }]
      : []),
    ...(has("includeSelf") && !byDocument ? [{ path: "includeSelf", message: "is for docId" }] : []),
    ...pageIssues(asked),
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
