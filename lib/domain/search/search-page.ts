import { limits } from "../../config/limits.ts";
import { badRequest } from "../errors.ts";
import type { Reader } from "./reader.ts";
import { fingerprintOf, searchCursorOf, servedBy } from "./search-cursor.ts";
import type { SearchRequest } from "./search-request.ts";
import type { Document, Hit } from "./search-response.ts";

/** What a page is of, however it is searched. */
export interface PagedSearch {
  reader: Reader;
  /** Of the page. */
  columns: string[];
  /** Id of a document that is none of the hits. */
  without?: string | undefined;
  signal?: AbortSignal | undefined;
  /** The k best, or all there are, by their ids alone. */
  best(k: number): Promise<Hit[]>;
}

/**
 * A page of a search's hits: behind so many, or behind those of the pages before.
 * @throws BadRequest where it is too deep, or the cursor is none of this search
 */
export async function searchPageOf(index: string, request: SearchRequest): Promise<SearchPage> {
  const { offset = 0, cursor } = request;
  const served = cursor === undefined ? [] : await servedBy(cursor, index, request);
  const page = new SearchPage(index, request, offset, new Set(served));
  refuseTooDeep(page.depth, request);
  return page;
}

function refuseTooDeep(depth: number, { refineFactor = 1 }: SearchRequest): void {
  if (depth > limits.maxSearchDepth) {
    const message = `leads more than ${limits.maxSearchDepth} hits deep with these before it; narrow the search with a filter`;
    throw badRequest({ path: "k", message });
  }
  const most = Math.floor((limits.maxK * limits.maxRefineFactor) / depth);
  if (refineFactor > most)
    throw badRequest({ path: "refineFactor", message: `must be at most ${most}, ${depth} hits deep` });
}

export class SearchPage {
  readonly #index: string;
  readonly #request: SearchRequest;
  readonly #offset: number;
  /** Fingerprints of documents of the pages before. */
  readonly #served: Set<number>;

  constructor(index: string, request: SearchRequest, offset: number, served: Set<number>) {
    this.#index = index;
    this.#request = request;
    this.#offset = offset;
    this.#served = served;
  }

  /** How many hits are looked for: those before the page and its own. */
  get depth(): number {
    return this.#offset + this.#served.size + this.#request.k;
  }

  /**
   * Finds as many hits as the page is deep by their ids alone, and reads the columns of the page's.
   * @param left of the request's time, in ms
   * @throws AnswerTooLarge, TooBusy, DeadlineExceeded, StoreUnavailable
   */
  async hits(search: PagedSearch, left: () => number): Promise<{ hits: Hit[]; next: string | null }> {
    const { reader } = search;
    const { version } = reader;
    const found = await this.#unserved(search);
    const end = this.#offset + this.#request.k;
    const near = found.slice(this.#offset, end);
    const hits = await withColumns(near, search, left);
    const wasDeleted = hits.length < near.length && reader.version !== version;
    if (wasDeleted) return this.hits(search, left); // until the deadline
    return { hits, next: await this.#next(found.slice(0, end), found.length > end) };
  }

  /**
   * Hits that were on no page before, one more than the page is deep where there are as many. More are looked for where
   * several rows have the id of one that was: another client may have written it twice.
   */
  async #unserved({ best, without }: PagedSearch): Promise<Hit[]> {
    const wanted = this.#offset + this.#request.k + 1;
    const leftOut = (without === undefined ? 0 : 1) + this.#served.size;
    for (let k = wanted + leftOut; ; k += wanted) {
      const found = await best(k);
      const others = found.filter(
        ({ doc_id }) => doc_id !== without && !this.#served.has(fingerprintOf(doc_id)),
      );
      if (others.length >= wanted || found.length < k || k > limits.maxSearchDepth) return others;
    }
  }

  /** Cursor of the page behind; null where there is none. */
  async #next(upToHere: Hit[], hasMore: boolean): Promise<string | null> {
    const served = new Set(this.#served);
    for (const { doc_id } of upToHere) served.add(fingerprintOf(doc_id));
    const mayGoOn = hasMore && served.size < limits.maxSearchDepth;
    return mayGoOn ? searchCursorOf([...served], this.#index, this.#request) : null;
  }
}

/** Without those that are not there any more. */
async function withColumns(
  near: Hit[],
  { reader, columns, signal }: PagedSearch,
  left: () => number,
): Promise<Hit[]> {
  if (near.length === 0 || columns.length === 0) return near;
  const ids = [...new Set(near.map(({ doc_id }) => doc_id))];
  const documents = await reader.fetch(ids, columns, left(), signal);
  return near.flatMap((one) => {
    const document: Document | undefined = documents.get(one.doc_id);
    return document ? [{ ...document, ...one }] : [];
  });
}
