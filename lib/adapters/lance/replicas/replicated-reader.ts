import type { GenerationStats } from "../../../domain/index/generations.ts";
import type { Column, GenerationRef, Publication } from "../../../domain/index/index-entry.ts";
import type { ExactQuery, NearestOfAll, SampledRow, SampleQuery } from "../../../domain/search/exact-rows.ts";
import type { SearchWork } from "../../../domain/search/explanation.ts";
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
} from "../../../domain/search/reader.ts";
import type { Document, Hit } from "../../../domain/search/search-response.ts";
import type { TextIndex } from "../../../domain/text/full-text.ts";
import type { TextCutter } from "../../../domain/text/text-cutter.ts";
import type { TextPlan } from "../../../domain/text/text-plan.ts";
import type { KnownWords } from "../reading/known-words.ts";
import type { LanceReader } from "../reading/lance-reader.ts";
import type { StoreTable } from "../reading/store-table.ts";
import { CopiedIndexSearch } from "./copied-index-search.ts";
import type { LocalCopies } from "./local-copies.ts";
import { NearestReads } from "./nearest-reads.ts";
import type { Wanted } from "./wanted.ts";

/**
 * Reads a generation from the replica of the version it is at, or from its store where there is none (yet). Which
 * version that is only the store says, so that a replica is never a reason to answer with something older.
 */
export class ReplicatedReader implements Reader {
  readonly #store: StoreTable;
  readonly #copies: LocalCopies;
  readonly #ref: GenerationRef;
  readonly #published: Publication;
  readonly #reads: NearestReads;
  readonly #byIndex: CopiedIndexSearch;

  /** @param wanted to be on the disk; its version is that of the table */
  constructor(store: StoreTable, copies: LocalCopies, wanted: Omit<Wanted, "version">) {
    this.#store = store;
    this.#copies = copies;
    this.#ref = wanted.ref;
    this.#published = wanted.published;
    this.#reads = new NearestReads(store, copies, wanted);
    this.#byIndex = new CopiedIndexSearch(this.#reads);
  }

  get columns(): Column[] {
    return this.#store.columns;
  }

  get version(): number {
    return this.#store.version;
  }

  get isReplicated(): boolean {
    return this.#reads.replica !== undefined;
  }

  get replicaBytes(): number | undefined {
    return this.#reads.replica?.bytes;
  }

  get onDisk(): IndexPart[] | undefined {
    return this.#copies.partsOnDisk(this.#ref, this.version);
  }

  async search(query: Query): Promise<Hit[]> {
    return this.#atNewest(() =>
      this.#warmingAfter(async () => {
        const byIndex = this.isReplicated ? undefined : await this.#byIndex.hits(query);
        return byIndex ?? this.#reads.read((reader) => reader.search(query));
      }),
    );
  }

  /** Where all of a version is at hand: a copy of its index, or of parts, serves one query at a time. */
  async searchAlike(queries: AlikeQueries): Promise<Hit[][] | undefined> {
    const isNear = () => this.isReplicated || this.#copies.replicas.isLocal(this.#ref.bucket);
    if (!isNear()) return undefined;
    const read = (reader: LanceReader) => reader.searchAlike(queries);
    return this.#atNewest(() =>
      this.#warmingAfter(async () => (isNear() ? this.#reads.read(read) : undefined)),
    );
  }

  /** From a replica that has all of its version, else from the store: what is copied first has no index of text. */
  async searchText(query: TextSearch): Promise<Hit[]> {
    const read = async (reader: LanceReader) => reader.searchText(query, await this.#wordsFor(query.plan));
    return this.#atNewest(() => this.#warmingAfter(() => this.#reads.read(read)));
  }

  /** Where words are fuzzy, which LanceDB looks for in rows that an index of text holds, or told by how they begin. */
  async #wordsFor(plan: TextPlan, version = this.version): Promise<KnownWords | undefined> {
    const [{ isFuzzy }, { hasPrefixes }] = await Promise.all([
      import("../../../domain/text/fuzzy-words.ts"),
      import("../../../domain/text/prefixes.ts"),
    ]);
    if (!isFuzzy(plan) && !hasPrefixes(plan)) return undefined;
    const { columnsOf } = await import("../../../domain/text/text-plan.ts");
    return this.#copies.knownWords(this.#ref, version, columnsOf(plan));
  }

  async textCutter(index: TextIndex): Promise<TextCutter> {
    return (await import("../text-cutter.ts")).textCutter(index);
  }

  /** What copies answer is of their version, whose number is this reader's as long as it has not moved. */
  async isStillAt(version: number): Promise<boolean> {
    return this.#store.isStillAt(version);
  }

  async fetch(
    ids: string[],
    columns: string[],
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Map<string, Document>> {
    const read = (reader: LanceReader) => reader.fetch(ids, columns, timeoutMs, signal);
    return this.#atNewest(() => this.#warmingAfter(() => this.#reads.readRows(columns, read)));
  }

  async documentsOf(
    version: number,
    hits: Hit[],
    columns: string[],
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Map<string, Document> | undefined> {
    const read = (reader: LanceReader) => reader.documentsOf(version, hits, columns, timeoutMs, signal);
    return this.#atNewest(() => this.#warmingAfter(() => this.#reads.readRows(columns, read)));
  }

  page(query: PageQuery): Promise<DocumentPage> {
    return this.#readAt(query.version, query.select ?? [], (reader) => reader.page(query));
  }

  /** What words find is asked of a replica that has all, as searches by them are. */
  tally(query: TallyQuery): Promise<Tally> {
    const columns = query.text ? [this.#published.vectorColumn] : [];
    const { version, text } = query;
    return this.#readAt(version, columns, async (reader) =>
      reader.tally(query, text && (await this.#wordsFor(text, version))),
    );
  }

  /** From the store: there are copies of the newest alone. */
  async at<T>(version: number, work: (past: Reader) => Promise<T>): Promise<T> {
    const wordsFor = (plan: TextPlan) => this.#wordsFor(plan, version);
    return (await this.#store.reader()).at(version, work, wordsFor);
  }

  async sample(query: SampleQuery): Promise<SampledRow[]> {
    return this.#readVectors((reader) => reader.sample(query));
  }

  async nearestOfAll(query: ExactQuery): Promise<NearestOfAll[]> {
    return this.#readVectors((reader) => reader.nearestOfAll(query));
  }

  /** Once: reading all of them takes long, and is not begun anew where the table moves on meanwhile. */
  async #readVectors<T>(read: (reader: LanceReader) => Promise<T>): Promise<T> {
    await this.#store.settle();
    return this.#reads.readRows([this.#published.vectorColumn], read);
  }

  /** Of the version that is named, or of the newest. */
  async #readAt<T>(
    version: number | undefined,
    columns: string[],
    read: (reader: LanceReader) => Promise<T>,
  ): Promise<T> {
    if (version !== undefined) return this.#reads.readRows(columns, read, version);
    return this.#atNewest(() => this.#warmingAfter(() => this.#reads.readRows(columns, read)));
  }

  /** A replica where one can be had, else what the store holds is read into the caches. */
  async warm(): Promise<void> {
    await this.#store.settle();
    await this.#copies.replicas.fill({ ...this.#reads.wanted, pause: 0 });
    if (!this.isReplicated) await (await this.#store.reader()).warm();
  }

  /** Whether the table has a later version. @param isSure as of FindLater */
  async hasMoved(isSure: boolean): Promise<boolean> {
    return this.#store.hasMoved(isSure);
  }

  unindexedRows(): Promise<number | undefined> {
    return this.#reads.unindexedRows();
  }

  async textUnindexedRows(columns: string[]): Promise<number | undefined> {
    const { version } = this;
    const counts = columns.map((column) => this.#copies.unindexedRows(this.#ref, version, column, "text"));
    const known = (await Promise.all(counts)).filter((rows) => rows !== undefined);
    return known.length < columns.length ? undefined : Math.max(0, ...known);
  }

  async workOf(asked: Query | TextSearch | PageQuery): Promise<SearchWork | undefined> {
    const words = async () => ("plan" in asked ? this.#wordsFor(asked.plan) : undefined);
    return this.#reads.read(async (reader) => reader.workOf(asked, await words()));
  }

  async stats(): Promise<GenerationStats> {
    return (await this.#store.reader()).stats();
  }

  async refresh(): Promise<void> {
    await this.#store.refresh();
  }

  close(): void {
    this.#copies.replicas.drop(this.#ref);
    this.#copies.indexes.drop(this.#ref);
    this.#store.close();
  }

  /** The version that is known is read while the store is asked for a later one, and again where there is one. */
  async #atNewest<T>(work: () => Promise<T>): Promise<T> {
    const settling = this.#store.settle();
    const [answer, moved] = await Promise.allSettled([work(), settling]);
    if (moved.status === "rejected") throw moved.reason;
    if (moved.value) return work();
    if (answer.status === "rejected") throw answer.reason;
    return answer.value;
  }

  /** The first answers come from the store; what serves the next is begun when all of an answer is there, not before. */
  async #warmingAfter<T>(work: () => Promise<T>): Promise<T> {
    const answer = await work();
    if (!this.isReplicated) this.#copies.behind(this.#ref.index, this.#reads.warmBehind());
    return answer;
  }
}
