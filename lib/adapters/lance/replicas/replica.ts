import type { Connection } from "@lancedb/lancedb";
import { DomainError } from "../../../domain/errors.ts";
import type { GenerationRef, Publication } from "../../../domain/index/index-entry.ts";
import type { Query } from "../../../domain/search/reader.ts";
import { fromLance, lanceCall } from "../lance-errors.ts";
import { LanceReader } from "../reading/lance-reader.ts";
import type { NearestRows } from "../rows/hits.ts";
import type { LanceConnections } from "../tables/connections.ts";
import type { Copy } from "./copy.ts";

const notFetched = "not-fetched";

interface OpenCopy {
  connection: Connection;
  reader: LanceReader;
}

/** One version of a generation on disk, counted by those who read it. */
export class Replica {
  readonly copy: Copy;
  readonly gone: Promise<void>;
  readonly #opened: Promise<OpenCopy>;
  readonly #retired = new AbortController();
  #users = 0;
  #isReady = false;
  #removed: () => void = () => undefined;

  /** Opens a copy that was just made; whoever reads it waits for that, and meets what is wrong with it. */
  constructor(connections: LanceConnections, copy: Copy, ref: GenerationRef, published: Publication) {
    this.copy = copy;
    this.#opened = opened(connections, copy, ref, published).catch((error) => {
      throw fromLance(error);
    });
    this.#opened.catch(() => undefined);
    this.gone = new Promise((resolve) => {
      this.#removed = resolve;
    });
  }

  /** @throws when the copy is not what it should be; it is gone then */
  async opened(): Promise<this> {
    try {
      await this.#opened;
      return this;
    } catch (error) {
      await this.copy.remove();
      throw error;
    }
  }

  get version(): number {
    return this.copy.version;
  }

  /** Whether it may answer whatever is asked. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Whether `complete` has anything to do. */
  get isToBeCompleted(): boolean {
    return this.copy.isToBeCompleted;
  }

  get bytes(): number {
    return this.copy.bytes;
  }

  async use<T>(work: (reader: LanceReader) => Promise<T>): Promise<T> {
    return this.#held(async () => work((await this.#opened).reader));
  }

  /** Its files stay as long as that takes. */
  async #held<T>(work: () => Promise<T>): Promise<T> {
    this.#users += 1;
    try {
      return await work();
    } finally {
      this.#users -= 1;
      this.#removeIfUnused();
    }
  }

  /**
   * The nearest by its index, once what the search reads of that is there.
   * @returns undefined when it tells fewer than k of them, `not-fetched` when the store failed meanwhile
   */
  async nearest(query: Query): Promise<NearestRows | typeof notFetched | undefined> {
    const started = performance.now();
    return this.#held(async () => {
      const prepared = this.#fetched(query.timeoutMs, () => this.copy.prepareNearest(query));
      const [{ reader }, isFetched] = await Promise.all([this.#opened, prepared]);
      if (isFetched === notFetched) return notFetched;
      const timeoutMs = query.timeoutMs - (performance.now() - started);
      return reader.phases.nearest({ ...query, timeoutMs });
    });
  }

  /** What copying something says, unless the store fails. */
  async #fetched<T>(timeoutMs: number, copying: () => Promise<T>): Promise<T | typeof notFetched> {
    try {
      return await lanceCall(timeoutMs, copying);
    } catch (error) {
      if (error instanceof DomainError && error.kind === "StoreUnavailable") return notFetched;
      throw error;
    }
  }

  /** Whether it may be read for these columns of some rows; where that takes a copy first, when it may. */
  async hasRows(
    { rows }: NearestRows,
    columns: string[],
    timeoutMs: number,
  ): Promise<boolean | typeof notFetched> {
    const ids = rows.map(({ id }) => id);
    return this.#held(() => this.#fetched(timeoutMs, () => this.copy.prepareRows(ids, columns)));
  }

  /**
   * Copies the vectors, where they were left for later; it is ready then, unless they have no room.
   * @param warm whether its rows are read into memory and its indexes into the session's cache as soon as they serve
   * @throws what reading the store threw, or when it is retired
   */
  async complete(signal: AbortSignal, warm: boolean): Promise<void> {
    const { copy } = this;
    const either = AbortSignal.any([signal, this.#retired.signal]);
    await this.#held(() => copy.completeRows(either));
    if (warm && copy.hasRows) await this.#warmWithoutVectors();
    if (copy.isToBeCompleted) await this.#held(() => copy.complete(either));
    if (copy.isWhole && warm) await this.warm();
    this.#isReady = copy.isWhole;
  }

  /** Where another copy tells the nearest, that one's index is in the cache. */
  async #warmWithoutVectors(): Promise<void> {
    await this.use((reader) => (this.copy.isIndexed ? reader.warm() : reader.holdRows()));
  }

  /** Reads its indexes into the session's cache; those of one column where it has no others. */
  async warm(column?: string): Promise<void> {
    await this.use((reader) => reader.warm(column));
  }

  /** Its files go when the last who reads them has ended. */
  retire(): void {
    if (this.isRetired) return;
    this.#retired.abort();
    this.#removeIfUnused();
  }

  get isRetired(): boolean {
    return this.#retired.signal.aborted;
  }

  #removeIfUnused(): void {
    if (!this.isRetired || this.#users > 0) return;
    const closed = this.#opened.then(({ connection, reader }) => {
      reader.close();
      connection.close();
    });
    void closed.catch(() => undefined).then(() => this.copy.remove().then(this.#removed, this.#removed));
  }
}

async function opened(
  connections: LanceConnections,
  { folder, version }: Copy,
  { index, generation }: GenerationRef,
  published: Publication,
): Promise<OpenCopy> {
  const connection = await connections.onDisk(folder);
  const table = await connection.openTable(generation);
  const { rows, fallbacks } = connections;
  const reader = await LanceReader.over(table, published, rows, fallbacks.of(index));
  if (reader.version !== version)
    throw new DomainError("Internal", `a copy of version ${version} opened as ${reader.version}`);
  return { connection, reader };
}
