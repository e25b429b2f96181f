import type { Connection } from "@lancedb/lancedb";
import { DomainError } from "../../../domain/errors.ts";
import type { Column, GenerationRef, Publication } from "../../../domain/index/index-entry.ts";
import type { Query } from "../../../domain/search/reader.ts";
import { lanceCall } from "../lance-errors.ts";
import { LanceReader } from "../reading/lance-reader.ts";
import type { NearestRows } from "../rows/hits.ts";
import type { LanceConnections } from "../tables/connections.ts";
import type { Copy } from "./copy.ts";

/** One version of a generation on disk, open, counted by those who read it. */
export class Replica {
  readonly version: number;
  readonly copy: Copy;
  readonly gone: Promise<void>;
  readonly #reader: LanceReader;
  readonly #connection: Connection;
  readonly #retired = new AbortController();
  #users = 0;
  #isReady = false;
  #removed: () => void = () => undefined;

  private constructor(copy: Copy, connection: Connection, reader: LanceReader) {
    this.copy = copy;
    this.version = reader.version;
    this.#connection = connection;
    this.#reader = reader;
    this.gone = new Promise((resolve) => {
      this.#removed = resolve;
    });
  }

  /** Opens a copy that was just made. @throws when it is not what it should be */
  static async open(
    connections: LanceConnections,
    copy: Copy,
    { index, generation }: GenerationRef,
    published: Publication,
    version: number,
  ): Promise<Replica> {
    try {
      const connection = await connections.onDisk(copy.folder);
      const reader = await LanceReader.over(
        await connection.openTable(generation),
        published,
        connections.rows,
        connections.fallbacks.of(index),
      );
      const replica = new Replica(copy, connection, reader);
      if (reader.version !== version)
        throw new DomainError("Internal", `a copy of version ${version} opened as ${reader.version}`);
      return replica;
    } catch (error) {
      await copy.remove();
      throw error;
    }
  }

  /** Whether it may answer whatever is asked. */
  get isReady(): boolean {
    return this.#isReady;
  }

  get columns(): Column[] {
    return this.#reader.columns;
  }

  /** Whether `complete` has anything to do. */
  get isToBeCompleted(): boolean {
    return this.copy.isToBeCompleted;
  }

  get bytes(): number {
    return this.copy.bytes;
  }

  async use<T>(work: (reader: LanceReader) => Promise<T>): Promise<T> {
    this.#users += 1;
    try {
      return await work(this.#reader);
    } finally {
      this.#users -= 1;
      this.#removeIfUnused();
    }
  }

  /** The nearest by its index, once what the search reads of that is there. */
  async nearest(query: Query): Promise<NearestRows | undefined> {
    const started = performance.now();
    return this.use(async (reader) => {
      await lanceCall(query.timeoutMs, () => this.copy.prepareNearest(query));
      const timeoutMs = query.timeoutMs - (performance.now() - started);
      return reader.phases.nearest({ ...query, timeoutMs });
    });
  }

  /** Whether it may be read for these columns of some rows; where that takes a copy first, when it may. */
  async hasRows({ rows }: NearestRows, columns: string[], timeoutMs: number): Promise<boolean> {
    const ids = rows.map(({ id }) => id);
    return this.use(() => lanceCall(timeoutMs, () => this.copy.prepareRows(ids, columns)));
  }

  /**
   * Copies the vectors, where they were left for later; it is ready then, unless they have no room.
   * @param warm whether its rows are read into memory and its indexes into the session's cache before
   * @throws what reading the store threw, or when it is retired
   */
  async complete(signal: AbortSignal, warm: boolean): Promise<void> {
    const { copy } = this;
    const either = AbortSignal.any([signal, this.#retired.signal]);
    await this.use(() => copy.completeRows(either));
    if (warm && copy.hasRows) await this.use((reader) => reader.holdRows());
    if (copy.isToBeCompleted) await this.use(() => copy.complete(either));
    if (copy.isWhole && warm) await this.warm();
    this.#isReady = copy.isWhole;
  }

  /** Reads its indexes into the session's cache; those of one column where it has no others. */
  async warm(column?: string): Promise<void> {
    await this.#reader.warm(column);
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
    this.#reader.close();
    this.#connection.close();
    void this.copy.remove().then(this.#removed, this.#removed);
  }
}
