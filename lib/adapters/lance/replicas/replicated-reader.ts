import { limits } from "../../../config/limits.ts";
import type { Fallbacks } from "../../../domain/fallbacks.ts";
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
import type { Document, Hit } from "../../../domain/search/search-request.ts";
import type { TextIndex } from "../../../domain/text/full-text.ts";
import type { TextCutter } from "../../../domain/text/text-cutter.ts";
import { columnsOf, type TextPlan } from "../../../domain/text/text-plan.ts";
import { isGone } from "../lance-errors.ts";
import type { Opening } from "../opening/opening.ts";
import type { LanceReader } from "../reading/lance-reader.ts";
import type { StoreTable } from "../reading/store-table.ts";
import { type NearestRows, nearRows } from "../rows/hits.ts";
import { isOfTheDisk, whyUnreadable } from "./disk-errors.ts";
import type { LocalCopies } from "./local-copies.ts";
import type { Replica } from "./replica.ts";
import type { Replicas } from "./replicas.ts";
import type { Wanted } from "./wanted.ts";

/**
 * Reads a generation from the replica of the version it is at, or from its store where there is none (yet). Which
 * version that is only the store says, so that a replica is never a reason to answer with something older.
 */
export class ReplicatedReader implements Reader {
  readonly #store: StoreTable;
  readonly #copies: LocalCopies;
  readonly #fallbacks: Fallbacks;
  readonly #ref: GenerationRef;
  readonly #published: Publication;
  readonly #opening: Opening | undefined;
  /** Of one version, counted once. */
  #unindexed: { version: number; rows: Promise<number | undefined> } | undefined;

  /** @param wanted to be on the disk; its version is that of the table */
  constructor(store: StoreTable, copies: LocalCopies, { ref, published, opening }: Omit<Wanted, "version">) {
    this.#store = store;
    this.#copies = copies;
    this.#fallbacks = copies.fallbacks.of(ref.index);
    this.#ref = ref;
    this.#published = published;
    this.#opening = opening;
  }

  get columns(): Column[] {
    return this.#store.columns;
  }

  get version(): number {
    return this.#store.version;
  }

  get isReplicated(): boolean {
    return this.#copies.replicas.at(this.#ref, this.version) !== undefined;
  }

  get replicaBytes(): number | undefined {
    return this.#copies.replicas.at(this.#ref, this.version)?.bytes;
  }

  get onDisk(): IndexPart[] | undefined {
    return this.#copies.partsOnDisk(this.#ref, this.version);
  }

  async search(query: Query): Promise<Hit[]> {
    return this.#atNewest(() =>
      this.#warmingAfter(async () => {
        const byIndex = this.isReplicated ? undefined : await this.#searchByIndex(query);
        return byIndex ?? this.#read((reader) => reader.search(query));
      }),
    );
  }

  /** Where all of a version is at hand: a copy of its index, or of parts, serves one query at a time. */
  async searchAlike(queries: AlikeQueries): Promise<Hit[][] | undefined> {
    const isNear = () => this.isReplicated || this.#copies.replicas.isLocal(this.#ref.bucket);
    if (!isNear()) return undefined;
    const read = (reader: LanceReader) => reader.searchAlike(queries);
    return this.#atNewest(() => this.#warmingAfter(async () => (isNear() ? this.#read(read) : undefined)));
  }

  /** From a replica that has all of its version, else from the store: what is copied first has no index of text. */
  async searchText(query: TextSearch): Promise<Hit[]> {
    const read = async (reader: LanceReader) => reader.searchText(query, await this.#unheldBy(query.plan));
    return this.#atNewest(() => this.#warmingAfter(() => this.#read(read)));
  }

  /** Where words are fuzzy: LanceDB looks for these in the rows that an index of text holds. */
  async #unheldBy(plan: TextPlan, version = this.version): Promise<number[]> {
    const { isFuzzy } = await import("../../../domain/text/fuzzy-words.ts");
    if (!isFuzzy(plan)) return [];
    return this.#copies.unheldTexts(this.#ref, version, columnsOf(plan));
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
    return this.#atNewest(() => this.#warmingAfter(() => this.#readRows(columns, read)));
  }

  async documentsOf(
    version: number,
    hits: Hit[],
    columns: string[],
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Map<string, Document> | undefined> {
    const read = (reader: LanceReader) => reader.documentsOf(version, hits, columns, timeoutMs, signal);
    return this.#atNewest(() => this.#warmingAfter(() => this.#readRows(columns, read)));
  }

  page(query: PageQuery): Promise<DocumentPage> {
    return this.#readAt(query.version, query.select ?? [], (reader) => reader.page(query));
  }

  /** What words find is asked of a replica that has all, as searches by them are. */
  tally(query: TallyQuery): Promise<Tally> {
    const columns = query.text ? [this.#published.vectorColumn] : [];
    const { version, text } = query;
    return this.#readAt(version, columns, async (reader) =>
      reader.tally(query, text ? await this.#unheldBy(text, version) : []),
    );
  }

  /** From the store: there are copies of the newest alone. */
  async at<T>(version: number, work: (past: Reader) => Promise<T>): Promise<T> {
    return (await this.#store.reader()).at(version, work);
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
    return this.#readRows([this.#published.vectorColumn], read);
  }

  /** Of the version that is named, or of the newest. */
  async #readAt<T>(
    version: number | undefined,
    columns: string[],
    read: (reader: LanceReader) => Promise<T>,
  ): Promise<T> {
    if (version !== undefined) return this.#readRows(columns, read, version);
    return this.#atNewest(() => this.#warmingAfter(() => this.#readRows(columns, read)));
  }

  /** A replica where one can be had, else what the store holds is read into the caches. */
  async warm(): Promise<void> {
    await this.#store.settle();
    await this.#copies.replicas.fill({ ...this.#wanted, pause: 0 });
    if (!this.isReplicated) await (await this.#store.reader()).warm();
  }

  /** Whether the table has a later version. @param isSure as of FindLater */
  async hasMoved(isSure: boolean): Promise<boolean> {
    return this.#store.hasMoved(isSure);
  }

  unindexedRows(): Promise<number | undefined> {
    const { version } = this;
    if (this.#unindexed?.version !== version) {
      const rows = this.#copies.unindexedRows(this.#ref, version, this.#published.vectorColumn);
      this.#unindexed = { version, rows };
    }
    return this.#unindexed.rows;
  }

  async textUnindexedRows(columns: string[]): Promise<number | undefined> {
    const { version } = this;
    const counts = columns.map((column) => this.#copies.unindexedRows(this.#ref, version, column, "text"));
    const known = (await Promise.all(counts)).filter((rows) => rows !== undefined);
    return known.length < columns.length ? undefined : Math.max(0, ...known);
  }

  async workOf(asked: Query | TextSearch | PageQuery): Promise<SearchWork | undefined> {
    return this.#read((reader) => reader.workOf(asked));
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

  get #wanted(): Wanted {
    return { ref: this.#ref, published: this.#published, version: this.version, opening: this.#opening };
  }

  async #read<T>(work: (reader: LanceReader) => Promise<T>): Promise<T> {
    return this.#readFrom(this.#copies.replicas.at(this.#ref, this.version), work);
  }

  /** As read, for work that looks at these columns alone: a replica without vectors serves it, too. */
  async #readRows<T>(
    columns: string[],
    work: (reader: LanceReader) => Promise<T>,
    version = this.version,
  ): Promise<T> {
    const { replicas } = this.#copies;
    if (columns.includes(this.#published.vectorColumn))
      return this.#readFrom(replicas.at(this.#ref, version), work);
    const replica = replicas.openAt(this.#ref, version);
    return this.#readFrom(replica?.copy.hasRows ? replica : undefined, work);
  }

  /** The same for rows that are known: a replica serves it to which these have come. */
  async #readNear<T>(
    near: NearestRows,
    replica: Replica | undefined,
    query: Query,
    work: (reader: LanceReader) => Promise<T>,
  ): Promise<T> {
    const columns = [this.#published.idColumn, ...query.columns];
    if (columns.includes(this.#published.vectorColumn)) return this.#readFrom(readyOf(replica), work);
    const areThere = replica && (await this.#areThere(replica, near, columns, query.timeoutMs));
    return this.#readFrom(areThere ? replica : undefined, work);
  }

  /** Whether the rows may be read from a replica, to which they may have to come first. */
  async #areThere(replica: Replica, near: NearestRows, columns: string[], timeoutMs: number) {
    try {
      const areThere = await replica.hasRows(near, columns, timeoutMs);
      if (areThere !== true) this.#fallbacks.happened("partial-copy", areThere || "rows-unknown");
      return areThere === true;
    } catch (error) {
      if (!isOfTheDisk(error)) throw error;
      this.#fallbacks.happened("partial-copy", whyUnreadable(error));
      this.#copies.replicas.refuse(this.#ref, this.version);
      return false;
    }
  }

  async #readFrom<T>(replica: Replica | undefined, work: (reader: LanceReader) => Promise<T>): Promise<T> {
    if (!replica) return work(await this.#store.reader());
    try {
      return await replica.use(work);
    } catch (error) {
      if (!isOfTheDisk(error)) throw error;
      this.#fallbacks.happened("replica", "unreadable");
      this.#copies.replicas.drop(this.#ref);
      return work(await this.#store.reader());
    }
  }

  /** The first answers come from the store; what serves the next is begun when all of an answer is there, not before. */
  async #warmingAfter<T>(work: () => Promise<T>): Promise<T> {
    const answer = await work();
    if (!this.isReplicated) this.#copies.behind(this.#ref.index, this.#warmBehind());
    return answer;
  }

  /** @returns undefined where the index alone does not answer, or cannot be had */
  async #searchByIndex(query: Query): Promise<Hit[] | undefined> {
    if (query.filter || query.isExact || query.range || this.#published.indexType === "EXACT")
      return undefined; // these read rows
    if (query.k > this.#published.rows) return undefined; // which only a search of all partitions finds
    if (query.k * (query.settings.refineFactor ?? 0) > limits.refinedCandidates) return undefined;
    const started = performance.now();
    const left = () => ({ ...query, timeoutMs: query.timeoutMs - (performance.now() - started) });
    const { replicas, indexes } = this.#copies;
    await replicas.open(this.#wanted);
    const inParts = replicas.openAt(this.#ref, this.version);
    if (inParts?.copy.isIndexed) {
      if (!(await this.#isAllIndexed())) return undefined;
      return inParts.held(async () => {
        const near = await this.#nearestIn(inParts, replicas, "partial-copy", left());
        return near && this.#hitsOf(near, inParts, left());
      });
    }
    await indexes.fill(this.#wanted);
    const near = await this.#nearestIn(indexes.at(this.#ref, this.version), indexes, "index-copy", left());
    return near && this.#hitsOf(near, replicas.openAt(this.#ref, near.version), left());
  }

  /**
   * Whether the index alone tells the nearest: where rows lie beside it LanceDB compares what it tells with these by vectors, of
   * which a file that is there in parts has zeros.
   */
  async #isAllIndexed(): Promise<boolean> {
    const rows = await this.unindexedRows();
    if (rows !== 0)
      this.#fallbacks.happened("partial-copy", rows === undefined ? "rows-unknown" : "rows-not-indexed");
    return rows === 0;
  }

  /** @returns undefined also where rows are gone that a version had which a search beside this one has moved on from */
  async #hitsOf(
    candidates: NearestRows,
    replica: Replica | undefined,
    query: Query,
  ): Promise<Hit[] | undefined> {
    const started = performance.now();
    const refines = query.settings.refineFactor !== undefined;
    try {
      const near = refines
        ? await this.#readFrom(readyOf(replica), (reader) => reader.phases.refined(candidates, query))
        : candidates;
      if (near && query.leg === "rows")
        return near.version === this.version ? nearRows(near.rows, this.#published) : undefined;
      const timeoutMs = query.timeoutMs - (performance.now() - started);
      const hits =
        near &&
        (await this.#readNear(near, replica, { ...query, timeoutMs }, (reader) =>
          reader.phases.hitsOf(near, { ...query, timeoutMs }),
        ));
      if (!hits) this.#fallbacks.happened("index-copy", "table-moved-on");
      return hits;
    } catch (error) {
      if (!isOfTheDisk(error)) throw error;
      this.#fallbacks.happened("index-copy", isGone(error) ? "table-moved-on" : "unreadable");
      return undefined;
    }
  }

  async #nearestIn(
    copy: Replica | undefined,
    copies: Replicas,
    kind: "partial-copy" | "index-copy",
    query: Query,
  ): Promise<NearestRows | undefined> {
    try {
      const near = await copy?.nearest(query);
      if (near === "not-fetched") this.#fallbacks.happened("partial-copy", near);
      else if (near) return near;
      else if (copy) this.#fallbacks.happened(kind, "too-few-hits");
      return undefined;
    } catch (error) {
      if (!isOfTheDisk(error)) throw error;
      this.#fallbacks.happened(kind, isGone(error) ? "rows-not-indexed" : whyUnreadable(error));
      copies.refuse(this.#ref, this.version);
      return undefined;
    }
  }

  /** Not what is remote and has no room on the disk: its indexes may be larger than all caches. */
  async #warmBehind(): Promise<void> {
    if (this.#copies.replicas.isLocal(this.#ref.bucket)) await (await this.#store.reader()).warm();
    else {
      const index = this.#copies.indexes.at(this.#ref, this.version);
      await index?.warm(this.#published.vectorColumn); // what serves while the rest is copied
      await this.#copies.replicas.fill(this.#wanted);
    }
    if (this.isReplicated) this.#copies.indexes.drop(this.#ref);
  }
}

const readyOf = (replica: Replica | undefined) => (replica?.isReady ? replica : undefined);
