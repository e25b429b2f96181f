import type { Connection } from "@lancedb/lancedb";
import { DomainError } from "../../../domain/errors.ts";
import type { GenerationRef, Publication } from "../../../domain/index/index-entry.ts";
import { LanceReader } from "../reading/lance-reader.ts";
import type { LanceConnections } from "../tables/connections.ts";
import type { DiskCopy } from "./disk-copy.ts";

/** One version of a generation on disk, open, counted by those who read it. */
export class Replica {
  readonly version: number;
  readonly copy: DiskCopy;
  readonly gone: Promise<void>;
  readonly #reader: LanceReader;
  readonly #connection: Connection;
  readonly #retired = new AbortController();
  #users = 0;
  #isReady = false;
  #removed: () => void = () => undefined;

  private constructor(copy: DiskCopy, connection: Connection, reader: LanceReader) {
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
    copy: DiskCopy,
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

  /**
   * Copies the vectors, where they were left for later; it is ready then, unless they have no room.
   * @param warm whether its rows are read into memory and its indexes into the session's cache before
   * @throws what reading the store threw, or when it is retired
   */
  async complete(signal: AbortSignal, warm: boolean): Promise<void> {
    const { copy } = this;
    if (warm) await this.use((reader) => reader.holdRows());
    if (copy.isToBeCompleted)
      await this.use(() => copy.complete(AbortSignal.any([signal, this.#retired.signal])));
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
