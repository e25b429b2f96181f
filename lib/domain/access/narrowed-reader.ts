import { documentsTooLarge, widestColumn } from "../answer-size.ts";
import { DomainError } from "../errors.ts";
import type { GenerationStats } from "../index/generations.ts";
import type { Column } from "../index/index-entry.ts";
import type { ExactQuery, NearestOfAll, SampledRow, SampleQuery } from "../search/exact-rows.ts";
import type {
  AlikeQueries,
  DocumentPage,
  IndexPart,
  PageQuery,
  Query,
  Reader,
  Tally,
  TallyQuery,
  TextSearch,
} from "../search/reader.ts";
import type { Document, Hit } from "../search/search-response.ts";
import type { TextIndex } from "../text/full-text.ts";
import type { TextCutter } from "../text/text-cutter.ts";
import type { Filter } from "../values/filter.ts";
import { narrowed } from "./forced-filter.ts";

/** An index as if it had no other rows than those that a key's filter takes. */
export class NarrowedReader implements Reader {
  readonly #reader: Reader;
  readonly #idColumn: string;
  readonly #forced: Filter;

  constructor(reader: Reader, idColumn: string, forced: Filter) {
    this.#reader = reader;
    this.#idColumn = idColumn;
    this.#forced = forced;
  }

  get columns(): Column[] {
    return this.#reader.columns;
  }

  get version(): number {
    return this.#reader.version;
  }

  get isReplicated(): boolean {
    return this.#reader.isReplicated ?? false;
  }

  get onDisk(): IndexPart[] | undefined {
    return this.#reader.onDisk;
  }

  async search(query: Query): Promise<Hit[]> {
    return this.#reader.search({ ...query, filter: this.#narrowed(query.filter) });
  }

  async searchAlike([first, ...more]: AlikeQueries): Promise<Hit[][] | undefined> {
    const filter = this.#narrowed(first.filter);
    return this.#reader.searchAlike?.([{ ...first, filter }, ...more.map((one) => ({ ...one, filter }))]);
  }

  /** @throws BadRequest where what is found cannot be ranked by the key's own rows alone */
  async searchText({ plan, k, columns, ...query }: TextSearch): Promise<Hit[]> {
    const ends = performance.now() + query.timeoutMs;
    const filter = this.#narrowed(query.filter);
    const timeoutMs = () => ends - performance.now();
    const { ownRanking } = await import("./own-ranking.ts"); // which no search by vector needs
    const ranked = await ownRanking(plan, async (part, atMost) => {
      const asked = { ...query, filter, plan: part, k: atMost, columns: [], timeoutMs: timeoutMs() };
      return (await this.#reader.searchText(asked)).map(({ doc_id }) => doc_id);
    });
    const best = ranked.slice(0, k);
    if (columns.length === 0 || best.length === 0)
      return best.map(({ id, score }) => ({ doc_id: id, score }));
    const ids = best.map(({ id }) => id);
    const documents = await this.fetch(ids, columns, timeoutMs(), query.signal);
    return best.flatMap(({ id, score }) => {
      const document = documents.get(id);
      return document ? [{ ...document, score }] : [];
    });
  }

  textCutter(index: TextIndex): Promise<TextCutter> {
    return this.#reader.textCutter(index);
  }

  isStillAt(version: number): Promise<boolean> {
    return this.#reader.isStillAt(version);
  }

  /** By its filter and not by ids alone: another client may have given another row the same id. */
  async fetch(
    ids: string[],
    select: string[],
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Map<string, Document>> {
    const ends = performance.now() + timeoutMs;
    const filter = this.#narrowed({ op: "in", column: this.#idColumn, values: ids });
    const documents = new Map<string, Document>();
    for (let offset = 0; ; offset += ids.length) {
      const asked = {
        filter,
        select,
        offset,
        limit: ids.length,
        timeoutMs: ends - performance.now(),
        signal,
      };
      const page = await this.#reader.page(asked);
      for (const document of page.documents) documents.set(document.doc_id, document);
      if (!page.hasMore) return documents;
      if (page.documents.length < ids.length)
        throw documentsTooLarge(ids.length, page.documents.length, widestColumn(page.documents[0] ?? {}));
    }
  }

  async page(query: PageQuery): Promise<DocumentPage> {
    return this.#reader.page({ ...query, filter: this.#narrowed(query.filter) });
  }

  async tally(query: TallyQuery): Promise<Tally> {
    return this.#reader.tally({ ...query, filter: this.#narrowed(query.filter) });
  }

  at<T>(version: number, work: (past: Reader) => Promise<T>): Promise<T> {
    return this.#reader.at(version, (past) => work(new NarrowedReader(past, this.#idColumn, this.#forced)));
  }

  async sample(query: SampleQuery): Promise<SampledRow[]> {
    return this.#reader.sample({ ...query, filter: this.#narrowed(query.filter) });
  }

  async nearestOfAll(query: ExactQuery): Promise<NearestOfAll[]> {
    return this.#reader.nearestOfAll({ ...query, filter: this.#narrowed(query.filter) });
  }

  async stats(): Promise<GenerationStats> {
    throw ofAllRows();
  }

  async warm(): Promise<void> {
    throw ofAllRows();
  }

  #narrowed(asked: Filter | undefined): Filter {
    return narrowed(this.#forced, this.#reader.columns, asked);
  }
}

/** What a key with a filter is told of an index as a whole. */
export const ofAllRows = () =>
  new DomainError("Forbidden", "this tells of all rows of an index, and the key has a filter");
