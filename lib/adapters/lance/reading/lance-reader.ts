import type { Table } from "@lancedb/lancedb";
import { limits } from "../../../config/limits.ts";
import { DomainError } from "../../../domain/errors.ts";
import { type Fallbacks, unobserved } from "../../../domain/fallbacks.ts";
import type { GenerationStats } from "../../../domain/index/generations.ts";
import type { Column, Publication } from "../../../domain/index/index-entry.ts";
import type { DistanceRange } from "../../../domain/search/distance-range.ts";
import type { ExactQuery, NearestOfAll, SampledRow, SampleQuery } from "../../../domain/search/exact-rows.ts";
import type { SearchWork } from "../../../domain/search/explanation.ts";
import type {
  AlikeQueries,
  DocumentPage,
  PageQuery,
  Query,
  Reader,
  Tally,
  TallyQuery,
  TextSearch,
} from "../../../domain/search/reader.ts";
import type { Document, Hit } from "../../../domain/search/search-response.ts";
import type { TextIndex } from "../../../domain/text/full-text.ts";
import type { TextCutter } from "../../../domain/text/text-cutter.ts";
import { distancesOf, hitsAt, nearestIn, wordedHits, wordedIn, wordedRows } from "../rows/hits.ts";
import type { HeldRows } from "../rows/row-memory.ts";
import { atVersion, type OpenAt, withTableAt } from "./at-version.ts";
import { fetchById } from "./fetch-by-id.ts";
import { FollowedTable } from "./followed-table.ts";
import type { KnownWords, WordsFor } from "./known-words.ts";
import { scanPage } from "./scan-page.ts";
import { type PartSearch, TableQueries, type TableSource } from "./table-queries.ts";
import { statsOf } from "./table-stats.ts";
import { TwoPhaseSearch } from "./two-phase-search.ts";
import { Warming } from "./warming.ts";

/** Reads one open table; `refresh` moves it to the newest version. */
export class LanceReader implements Reader {
  /** For searches whose phases read different copies. */
  readonly phases: TwoPhaseSearch;
  readonly #followed: FollowedTable;
  readonly #published: Publication;
  readonly #queries: TableQueries;
  readonly #warming: Warming;
  readonly #fallbacks: Fallbacks;
  readonly #openAt: OpenAt;
  #wordsFor: WordsFor | undefined;

  private constructor(
    followed: FollowedTable,
    published: Publication,
    memory: HeldRows | undefined,
    fallbacks: Fallbacks,
    openAt: OpenAt,
  ) {
    this.#openAt = openAt;
    this.#followed = followed;
    this.#published = published;
    this.#fallbacks = fallbacks;
    this.#queries = new TableQueries(followed, published);
    this.#warming = new Warming(followed, published, memory, fallbacks);
    this.phases = new TwoPhaseSearch(followed, published, this.#queries, this.#warming);
  }

  /**
   * @param memory that holds its rows when it is warm, where they have room
   * @param openAt where lists may go on at another version
   */
  static async over(
    table: Table,
    published: Publication,
    memory?: HeldRows,
    fallbacks = unobserved,
    openAt: OpenAt = readAtOneVersion,
  ): Promise<LanceReader> {
    return new LanceReader(await FollowedTable.of(table), published, memory, fallbacks, openAt);
  }

  get columns(): Column[] {
    return this.#followed.columns;
  }

  get version(): number {
    return this.#followed.version;
  }

  /** Only moving it tells whether there is a later version. */
  async hasMoved(): Promise<boolean> {
    return true;
  }

  async refresh(): Promise<void> {
    if (await this.#followed.follow()) this.#warming.beginAnew();
  }

  /** @param column whose indexes alone are read, where a copy has nothing else */
  warm(column?: string): Promise<void> {
    return this.#warming.warm(column);
  }

  /** Reads the rows without their vectors into memory, where they have room. */
  async holdRows(): Promise<void> {
    await this.#warming.holdRows();
  }

  close(): void {
    this.#warming.close();
  }

  async search(query: Query): Promise<Hit[]> {
    if (query.range) return this.#searchInRange(query, query.range);
    return (await this.#searchByRows(query)) ?? this.#searchTable(query);
  }

  async searchAlike(queries: AlikeQueries): Promise<Hit[][] | undefined> {
    const { alikeHits } = await import("./alike-searches.ts");
    return alikeHits(this.#source, this.phases, queries);
  }

  /** Loaded where it is asked for. @throws TooBusy where the table changes all the time */
  async #searchInRange(query: Query, range: DistanceRange): Promise<Hit[]> {
    const { nearestInRange } = await import("./nearest-in-range.ts");
    const ends = performance.now() + query.timeoutMs;
    const left = () => ({ ...query, timeoutMs: ends - performance.now() });
    for (let tries = 0; tries < limits.changedTableTries; tries++) {
      const { version } = this.#followed;
      const rows = await nearestInRange(this.#queries, this.#published, left(), range);
      if (rows.length === 0) return [];
      const hits = await this.phases.hitsOf({ version, rows }, left());
      if (hits) return hits;
    }
    throw new DomainError("TooBusy", "the index was changed during the search, again and again");
  }

  async #searchTable(query: Query): Promise<Hit[]> {
    const rowId = query.isInner ? ["_rowid"] : [];
    const selected = [this.#published.idColumn, ...query.columns, ...rowId];
    const found = await this.#queries.found(query, selected);
    const rows = distancesOf(found).map((distance, row) => ({ row, distance }));
    return hitsAt(rows, found, this.#published, query);
  }

  /** @param words where some are fuzzy, or told by their beginnings */
  async searchText(query: TextSearch, words?: KnownWords): Promise<Hit[]> {
    const known = words ?? (await this.#wordsFor?.(query.plan));
    if (!known) return this.#searchWords(query);
    const { searchParts } = await import("./fuzzy-search.ts");
    return searchParts(this.#source, query, known, this.#fallbacks, (part) => this.#searchWords(part));
  }

  async #searchWords(query: PartSearch): Promise<Hit[]> {
    if (query.leg === "rows") return wordedRows(await this.#queries.worded(query, []));
    const started = performance.now();
    const { version } = this.#followed;
    const rows = this.#warming.rowsWith(query.columns);
    if (rows) {
      const found = await this.#queries.worded(query, []);
      const isStill = await this.#followed.isStillAt(version);
      const hits = isStill ? wordedIn(rows, found, this.#published, query) : undefined;
      if (hits) return hits;
      this.#fallbacks.happened("rows-in-memory", "table-moved-on");
    }
    const timeoutMs = query.timeoutMs - (performance.now() - started);
    return wordedHits(await this.#queries.worded({ ...query, timeoutMs }), this.#published, query);
  }

  async textCutter(index: TextIndex): Promise<TextCutter> {
    return (await import("../text-cutter.ts")).textCutter(index);
  }

  isStillAt(version: number): Promise<boolean> {
    return this.#followed.isStillAt(version);
  }

  /** LanceDB tells which rows they are. @returns undefined when these are not in memory, unless they are all that is asked for */
  async #searchByRows(query: Query): Promise<Hit[] | undefined> {
    const { version } = this.#followed;
    if (query.leg !== "rows" && !this.#warming.rowsWith(query.columns)) return undefined;
    const started = performance.now();
    const near = nearestIn(await this.#queries.found(query, ["_rowid"]));
    if (await this.#followed.isStillAt(version)) {
      const timeoutMs = query.timeoutMs - (performance.now() - started);
      const hits = await this.phases.hitsOf({ version, rows: near }, { ...query, timeoutMs });
      if (hits) return hits;
    }
    this.#fallbacks.happened("rows-in-memory", "table-moved-on");
    return undefined;
  }

  async fetch(
    ids: string[],
    columns: string[],
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Map<string, Document>> {
    return fetchById(this.#source, ids, columns, { timeoutMs, signal });
  }

  async documentsOf(
    version: number,
    hits: Hit[],
    columns: string[],
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Map<string, Document> | undefined> {
    const { documentsOfHits } = await import("./documents-of-hits.ts");
    const rows = version === this.version ? this.#warming.rowsWith(columns) : undefined;
    return documentsOfHits(this.#source, rows, { version, hits, columns, timeoutMs, signal });
  }

  get #source(): TableSource {
    return { followed: this.#followed, queries: this.#queries, published: this.#published };
  }

  async page(query: PageQuery): Promise<DocumentPage> {
    if (!query.orderBy) return this.#at(query, scanPage);
    const { orderedPage } = await import("./ordered-page.ts");
    return this.#at(query, orderedPage);
  }

  /** @param words as of searchText */
  async tally(query: TallyQuery, words?: KnownWords): Promise<Tally> {
    const { tallyRows } = await import("./tally-rows.ts");
    const known = words ?? (query.text && (await this.#wordsFor?.(query.text)));
    return this.#at(query, (source, asked) => tallyRows(source, asked, this.#fallbacks, known));
  }

  /** @param wordsFor what is known of the words of that version, for plans that need it */
  async at<T>(version: number, work: (past: Reader) => Promise<T>, wordsFor?: WordsFor): Promise<T> {
    return withTableAt(version, this.#openAt, async (table) => {
      const past = await LanceReader.over(table, this.#published, undefined, this.#fallbacks, this.#openAt);
      past.#wordsFor = wordsFor;
      return work(past).finally(() => past.close());
    });
  }

  async sample(query: SampleQuery): Promise<SampledRow[]> {
    const { sampledRows } = await import("./exact-rows.ts");
    return sampledRows(this.#source, query, this.#fallbacks);
  }

  async nearestOfAll(query: ExactQuery): Promise<NearestOfAll[]> {
    const { nearestRowsOfAll } = await import("./exact-rows.ts");
    return nearestRowsOfAll(this.#source, query, this.#fallbacks);
  }

  /** From the table that is open, where it is at that version before and after. */
  async #at<Q extends { version?: number | undefined; timeoutMs: number }, T>(
    query: Q,
    read: (source: TableSource, query: Q) => Promise<T>,
  ): Promise<T> {
    const { version = this.version } = query;
    const started = performance.now();
    if (this.version === version) {
      const answer = await read(this.#source, query);
      if (await this.#followed.isStillAt(version)) return answer;
    }
    const timeoutMs = query.timeoutMs - (performance.now() - started);
    return atVersion(version, this.#openAt, this.#published, { ...query, timeoutMs }, read);
  }

  /** @param words as of searchText */
  async workOf(asked: Query | TextSearch | PageQuery, words?: KnownWords): Promise<SearchWork | undefined> {
    const { analysed } = await import("./analysed-search.ts");
    const known = words ?? ("plan" in asked ? await this.#wordsFor?.(asked.plan) : undefined);
    return analysed(this.#source, asked, known, this.#fallbacks);
  }

  async stats(): Promise<GenerationStats> {
    return statsOf(this.#followed.table);
  }
}

/** For the copy of a version. */
const readAtOneVersion: OpenAt = async (version) => {
  throw new Error(`no other version is read here than that of the copy, not ${version}`);
};
