import { DomainError } from "../errors.ts";
import type { Lease } from "./reader.ts";
import type { Hit, SearchRequest } from "./search-request.ts";

/** What is searched for: a vector, and the document whose it is where that is none of the hits. */
export interface AskedQuery {
  vector: number[];
  without?: string;
}

/**
 * The vector that was sent, or that of the document that was named.
 * @throws DocumentNotFound, also where it has no vector
 */
export async function askedQuery(
  { vector, docId, includeSelf }: SearchRequest,
  { reader, published }: Lease,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<AskedQuery> {
  if (vector || docId === undefined) return { vector: vector ?? [] };
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
