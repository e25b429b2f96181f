import { limits } from "../../../config/limits.ts";
import type { GenerationStats } from "../../../domain/index/generations.ts";
import type { Column, Publication } from "../../../domain/index/index-entry.ts";
import type { ExactQuery, NearestOfAll, SampledRow, SampleQuery } from "../../../domain/search/exact-rows.ts";
import type { SearchWork } from "../../../domain/search/explanation.ts";
import type { ReadGate } from "../../../domain/search/read-gate.ts";
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

const bytesOfNumber = 4;

/** A reader whose searches and fetches begin when the gate of their container lets them. */
export class GatedReader implements Reader {
  readonly #reader: Reader;
  readonly #gate: ReadGate;
  readonly #published: Publication;

  constructor(reader: Reader, gate: ReadGate, published: Publication) {
    this.#reader = reader;
    this.#gate = gate;
    this.#published = published;
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

  get replicaBytes(): number | undefined {
    return this.#reader.replicaBytes;
  }

  get onDisk(): IndexPart[] | undefined {
    return this.#reader.onDisk;
  }

  async search(query: Query): Promise<Hit[]> {
    return this.#within(this.#vectorsIn(query), query.timeoutMs, query.signal, (timeoutMs) =>
      this.#reader.search({ ...query, timeoutMs }),
    );
  }

  async searchAlike(queries: AlikeQueries): Promise<Hit[][] | undefined> {
    const [first, ...more] = queries;
    const vectors = queries.length * this.#vectorsIn(first);
    return this.#within(vectors, first.timeoutMs, first.signal, async (timeoutMs) =>
      this.#reader.searchAlike?.([{ ...first, timeoutMs }, ...more]),
    );
  }

  async searchText(query: TextSearch): Promise<Hit[]> {
    const vectors = query.columns.includes(this.#published.vectorColumn) ? query.k : 1;
    return this.#within(vectors, query.timeoutMs, query.signal, (timeoutMs) =>
      this.#reader.searchText({ ...query, timeoutMs }),
    );
  }

  textCutter(index: TextIndex): Promise<TextCutter> {
    return this.#reader.textCutter(index);
  }

  isStillAt(version: number): Promise<boolean> {
    return this.#reader.isStillAt(version);
  }

  async fetch(
    ids: string[],
    columns: string[],
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Map<string, Document>> {
    const vectors = columns.includes(this.#published.vectorColumn) ? ids.length : 1;
    return this.#within(vectors, timeoutMs, signal, (left) => this.#reader.fetch(ids, columns, left, signal));
  }

  async documentsOf(
    version: number,
    hits: Hit[],
    columns: string[],
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Map<string, Document> | undefined> {
    const vectors = columns.includes(this.#published.vectorColumn) ? hits.length : 1;
    return this.#within(vectors, timeoutMs, signal, async (left) =>
      this.#reader.documentsOf?.(version, hits, columns, left, signal),
    );
  }

  async page(query: PageQuery): Promise<DocumentPage> {
    const vectors = query.select?.includes(this.#published.vectorColumn) ? query.limit : 1;
    return this.#within(vectors, query.timeoutMs, query.signal, (timeoutMs) =>
      this.#reader.page({ ...query, timeoutMs }),
    );
  }

  async tally(query: TallyQuery): Promise<Tally> {
    return this.#within(1, query.timeoutMs, query.signal, (timeoutMs) =>
      this.#reader.tally({ ...query, timeoutMs }),
    );
  }

  at<T>(version: number, work: (past: Reader) => Promise<T>): Promise<T> {
    return this.#reader.at(version, (past) => work(new GatedReader(past, this.#gate, this.#published)));
  }

  async sample(query: SampleQuery): Promise<SampledRow[]> {
    return this.#within(query.rows, query.timeoutMs, query.signal, (timeoutMs) =>
      this.#reader.sample({ ...query, timeoutMs }),
    );
  }

  /** A batch of vectors is compared while the next is read. */
  async nearestOfAll(query: ExactQuery): Promise<NearestOfAll[]> {
    const vectors = (2 * limits.comparedBatchBytes) / (this.#published.dimension * bytesOfNumber);
    return this.#within(vectors, query.timeoutMs, query.signal, (timeoutMs) =>
      this.#reader.nearestOfAll({ ...query, timeoutMs }),
    );
  }

  async unindexedRows(): Promise<number | undefined> {
    return this.#reader.unindexedRows?.();
  }

  async textUnindexedRows(columns: string[]): Promise<number | undefined> {
    return this.#reader.textUnindexedRows?.(columns);
  }

  async workOf(asked: Query | TextSearch | PageQuery): Promise<SearchWork | undefined> {
    const vectors = "vector" in asked ? this.#vectorsIn(asked) : 1;
    return this.#within(vectors, asked.timeoutMs, asked.signal, async (timeoutMs) =>
      this.#reader.workOf?.({ ...asked, timeoutMs }),
    );
  }

  stats(): Promise<GenerationStats> {
    return this.#reader.stats();
  }

  warm(): Promise<void> {
    return this.#reader.warm();
  }

  /** Candidates that are refined, and hits that are answered with theirs. */
  #vectorsIn({ k, columns, settings, range }: Query): number {
    const answered = columns.includes(this.#published.vectorColumn) ? k : 0;
    const candidates = k * (settings.refineFactor ?? 0);
    return answered + (range ? Math.max(candidates, limits.leastRangeCandidates) : candidates);
  }

  /** @param work is told what the wait has left of its time */
  #within<T>(
    vectors: number,
    timeoutMs: number,
    signal: AbortSignal | undefined,
    work: (timeoutMs: number) => Promise<T>,
  ): Promise<T> {
    const asked = performance.now();
    const bytes = vectors * this.#published.dimension * bytesOfNumber;
    return this.#gate.run(bytes, { timeoutMs, signal }, () => work(timeoutMs - (performance.now() - asked)));
  }
}
