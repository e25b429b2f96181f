import type { Providers, Waiting } from "../embedding/providers.ts";
import { badRequest, DomainError } from "../errors.ts";
import type { Publication } from "../index/index-entry.ts";
import { textIndexesOf } from "../text/full-text.ts";
import type { Lease } from "./reader.ts";
import type { SearchRequest } from "./search-request.ts";
import type { Hit } from "./search-response.ts";

/** What is searched for: a vector, and the document whose it is where that is none of the hits. */
export interface AskedQuery {
  vector: number[];
  without?: string;
  /** How long it took to make the vector of a text. */
  embedMs?: number;
}

/**
 * The vector that was sent, that of the document that was named, or one of the text.
 * @throws DocumentNotFound, also where it has no vector; what keeps a text from being embedded
 */
export async function askedQuery(
  { vector, docId, includeSelf, text }: SearchRequest,
  { reader, published }: Lease,
  providers: Providers,
  { timeoutMs, signal }: Waiting,
): Promise<AskedQuery> {
  if (vector) return { vector };
  if (docId === undefined) return embedded(providers, published, text, { timeoutMs, signal });
  const { vectorColumn } = published;
  const found = (await reader.fetch([docId], [vectorColumn], timeoutMs, signal)).get(docId);
  const own = found?.[vectorColumn];
  if (!Array.isArray(own))
    throw new DomainError(
      "DocumentNotFound",
      `there is no document with the id of docId${found ? " that has a vector" : ""}`,
    );
  return { vector: own, ...(includeSelf ? {} : { without: docId }) };
}

/** @throws BadRequest where the index has no embedding provider, EmbeddingMismatch, EmbeddingUnavailable, EmbeddingRefused */
async function embedded(
  providers: Providers,
  published: Publication,
  text: SearchRequest["text"],
  waiting: Waiting,
): Promise<AskedQuery> {
  const { embedding } = published;
  if (!embedding || typeof text !== "string")
    throw badRequest({
      path: "text",
      message: "is made a vector by an index with an embedding provider; send a vector",
    });
  const started = performance.now();
  const { embedFor } = await import("../embedding/index-embedding.ts"); // which most indexes never need
  const [made] = await embedFor(providers, { ...published, embedding }, [text], "query", waiting);
  return { vector: Array.from(made ?? []), embedMs: performance.now() - started };
}

/** One more is searched for where one of them is left out. */
export const searchedFor = (k: number, { without }: AskedQuery): number =>
  without === undefined ? k : k + 1;

/** The k nearest of what was found. */
export function askedHits(hits: Hit[], k: number, { without }: AskedQuery): Hit[] {
  return without === undefined ? hits : hits.filter(({ doc_id }) => doc_id !== without).slice(0, k);
}

/** Whether rows are left out: by the request's filter, or by one that its reader has. */
export const isFiltered = ({ filter }: Pick<SearchRequest, "filter">, { isNarrowed = false }: Lease) =>
  isNarrowed || filter !== undefined;

/**
 * What is searched by: the legs that are named, else whatever the request has and the index can do with it. Beside a
 * vector a text is for full text alone.
 */
export function askedLegs(
  { vector, docId, text, legs }: SearchRequest,
  published: Publication,
): { byVector: boolean; byText: boolean } {
  const isNear = vector !== undefined || docId !== undefined;
  const isEmbedded = !isNear && typeof text === "string" && published.embedding !== undefined;
  const byVector = legs ? legs.includes("vector") : isNear || isEmbedded;
  const isRead = legs ? legs.includes("text") : !isEmbedded || textIndexesOf(published).length > 0;
  return { byVector, byText: text !== undefined && isRead };
}
