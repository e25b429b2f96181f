import type { Providers, Waiting } from "../embedding/providers.ts";
import { badRequest, DomainError } from "../errors.ts";
import { listed } from "../listed.ts";
import type { WarmIndexes } from "./reader.ts";
import { searchIndex } from "./search-index.ts";
import type { SearchRequest } from "./search-request.ts";
import { type Hit, milliseconds, type SearchResponse } from "./search-response.ts";

type AskedRerank = NonNullable<SearchRequest["rerank"]>;

/**
 * A search whose candidates a reranker puts in another order, where that is asked for.
 * @throws what searchIndex throws; RerankerUnavailable and RerankerRefused, unless the request does without
 */
export async function rerankedSearch(
  indexes: WarmIndexes,
  index: string,
  request: SearchRequest,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  providers: Providers,
): Promise<SearchResponse> {
  const { rerank, ...plain } = request;
  if (!rerank) return searchIndex(indexes, index, plain, timeoutMs, signal, providers);
  refuseUnasked(request, rerank, providers);
  const started = performance.now();
  const select = plain.select && [...new Set([...plain.select, rerank.column])];
  const wider = { ...plain, k: rerank.candidates ?? Math.min(4 * plain.k, mostCandidates(plain.k)), select };
  const found = await searchIndex(indexes, index, wider, timeoutMs, signal, providers);
  const waiting = { timeoutMs: timeoutMs - (performance.now() - started), signal };
  const began = performance.now();
  const { hits, isReranked } = await reordered(found.hits, request, rerank, providers, waiting);
  const rerankMs = milliseconds(performance.now() - began);
  return {
    ...found, // what is counted beside the hits
    hits: hits.slice(0, plain.k).map((hit) => withoutUnasked(hit, plain.select, rerank.column)),
    performance: {
      ...found.performance,
      totalMs: milliseconds(performance.now() - started),
      ...{ rerankMs, reranked: isReranked },
    },
  };
}

/** As many as a reranker takes in good time. */
const mostCandidates = (k: number) => Math.max(k, 100);

/** @throws BadRequest */
function refuseUnasked({ k, text }: SearchRequest, asked: AskedRerank, providers: Providers): void {
  const known = providers.rerankers.length > 0 ? listed([...providers.rerankers]) : "none";
  const issues = [
    ...(providers.reranker(asked.provider)
      ? []
      : [{ path: "rerank.provider", message: `is no reranker of lakehouse.toml; declared are: ${known}` }]),
    ...(asked.query === undefined && typeof text !== "string"
      ? [{ path: "rerank.query", message: "must be given where the search has no text" }]
      : []),
    ...(asked.candidates !== undefined && asked.candidates < k
      ? [{ path: "rerank.candidates", message: `must be k, ${k}, at least` }]
      : []),
  ];
  if (issues.length > 0) throw badRequest(issues);
}

async function reordered(
  hits: Hit[],
  { text }: SearchRequest,
  { provider, column, query = typeof text === "string" ? text : "", optional }: AskedRerank,
  providers: Providers,
  waiting: Waiting,
): Promise<{ hits: Hit[]; isReranked: boolean }> {
  const texts = hits.map((hit) => hit[column] ?? null);
  if (
    hits.some((hit) => !Object.hasOwn(hit, column)) ||
    texts.some((one) => one !== null && typeof one !== "string")
  )
    throw badRequest({ path: "rerank.column", message: "must be a column of text (Utf8) of the index" });
  const told = hits.filter((_, i) => texts[i] !== null);
  try {
    const some = texts.filter((one) => one !== null) as string[];
    const scores = some.length > 0 ? await providers.reranker(provider)?.rerank(query, some, waiting) : [];
    const scored = told.map((hit, i) => ({ ...hit, rerankScore: scores?.[i] ?? 0 }));
    const others = hits.filter((_, i) => texts[i] === null).map((hit) => ({ ...hit, rerankScore: null }));
    return { hits: [...scored.sort((a, b) => b.rerankScore - a.rerankScore), ...others], isReranked: true };
  } catch (error) {
    const isTheirs = error instanceof DomainError && error.kind.startsWith("Reranker");
    if (optional && isTheirs) return { hits, isReranked: false };
    throw error;
  }
}

function withoutUnasked(hit: Hit, select: string[] | undefined, column: string): Hit {
  if (!select || select.includes(column) || column === "doc_id") return hit; // which every hit has
  const { [column]: _, ...others } = hit;
  return others as Hit;
}
