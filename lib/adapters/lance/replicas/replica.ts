import type { Connection } from "@lancedb/lancedb";
import { DomainError } from "../../../domain/errors.ts";
import type { GenerationRef, Publication } from "../../../domain/index/index-entry.ts";
import type { Query } from "../../../domain/search/reader.ts";
import { fromLance, lanceCall } from "../lance-errors.ts";
import { LanceReader } from "../reading/lance-reader.ts";
import type { LaterVersion } from "../reading/store-table.ts";
import type { NearestRows } from "../rows/hits.ts";
import type { LanceConnections } from "../tables/connections.ts";
import type { Copy } from "./copy.ts";
import type { CopiedTable } from "./shared-folder.ts";

const notFetched = "not-fetched";

interface OpenCopy {
  connection: Connection;
  reader: LanceReader;
}

/** What the versions over one copy have in common. */
interface Filling {
  /** Whether the copy is whole, and read into the caches. */
  isReady: boolean;
  /** Once nobody reads any of them. */
  abandoned: AbortController;
  /** By which their rows are held in memory: what one has under an id, no other has otherwise. */
  rows: object;
  /** That are open. */
  versions: number;
}

/** One version of a generation on disk, counted by those who read it. */
export class Replica {
  /** Another of the same files, once it shares them with a later version. */
  copy: Copy;
  readonly gone: Promise<void>;
  readonly #opened: Promise<OpenCopy>;
  readonly #reopened: (copy: Copy) => Replica;
  readonly #filling: Filling;
  readonly #dropRows: () => void;
  #users = 0;
  #isRetired = false;
  #isLeaving = false;
  #removed: () => void = () => undefined;

  /** Opens a copy that was just made; whoever reads it waits for that, and meets what is wrong with it. */
  constructor(
    connections: LanceConnections,
    copy: Copy,
    ref: GenerationRef,
    published: Publication,
    filling: Filling = { isReady: false, abandoned: new AbortController(), rows: {}, versions: 0 },
  ) {
    this.copy = copy;
    this.#filling = filling;
    this.#dropRows = () => connections.rows.drop(filling.rows);
    filling.versions += 1;
    this.#reopened = (later) => new Replica(connections, later, ref, published, filling);
    this.#opened = opened(connections, copy, ref, published, filling.rows).catch((error) => {
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
      this.#filling.versions -= 1;
      await this.copy.remove();
      throw error;
    }
  }

  get version(): number {
    return this.copy.version;
  }

  /** Whether it may answer whatever is asked. */
  get isReady(): boolean {
    return this.#filling.isReady;
  }

  /** Whether `complete` has anything to do. */
  get isToBeCompleted(): boolean {
    return this.copy.isToBeCompleted || (this.copy.isWhole && !this.isReady);
  }

  get bytes(): number {
    return this.copy.bytes;
  }

  async use<T>(work: (reader: LanceReader) => Promise<T>): Promise<T> {
    return this.held(async () => work((await this.#opened).reader));
  }

  /**
   * The same at a later version, beside this one, which those may go on to read who do.
   * @returns undefined where it cannot be had from this one
   * @throws StoreUnavailable; Error where it is not what it should be
   */
  async at(later: LaterVersion, table: CopiedTable, maxBytes: number): Promise<Replica | undefined> {
    const { sharing } = await import("./copy-at-version.ts"); // which no search needs of what nobody writes to
    return this.held(async () => {
      const own = sharing(this.copy, table);
      this.copy = own;
      const copy = await own.at(later, maxBytes);
      return copy && this.#reopened(copy).opened();
    });
  }

  /** Its files stay as long as that takes. */
  async held<T>(work: () => Promise<T>): Promise<T> {
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
    return this.held(async () => {
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
    return this.held(() => this.#fetched(timeoutMs, () => this.copy.prepareRows(ids, columns)));
  }

  /**
   * Copies the vectors, where they were left for later; it is ready then, unless they have no room.
   * @param warm whether its rows are read into memory and its indexes into the session's cache as soon as they serve
   * @param pause as of Copy.complete
   * @throws what reading the store threw, or when it is retired
   */
  async complete(signal: AbortSignal, warm: boolean, pause?: number): Promise<void> {
    const { copy } = this;
    const either = AbortSignal.any([signal, this.#filling.abandoned.signal]);
    await this.held(async () => {
      await copy.completeRows(either);
      if (warm && copy.hasRows) await this.#warmWithoutVectors();
      if (copy.isToBeCompleted) await copy.complete(either, pause);
      if (copy.isWhole && warm) await this.warm();
    });
    this.#filling.isReady = copy.isWhole;
  }

  /** Where another copy tells the nearest, that one's index is in the cache. */
  async #warmWithoutVectors(): Promise<void> {
    await this.use((reader) => (this.copy.isIndexed ? reader.warm() : reader.holdRows()));
  }

  /** Reads its indexes into the session's cache; those of one column where it has no others. */
  async warm(column?: string): Promise<void> {
    await this.use((reader) => reader.warm(column));
  }

  /**
   * Its files go when the last who reads them has ended.
   * @param isFollowed whether a later version goes on with its copy
   */
  retire(isFollowed = false): void {
    if (this.#isRetired) return;
    this.#isRetired = true;
    if (!isFollowed) this.#filling.abandoned.abort();
    this.#removeIfUnused();
  }

  get isRetired(): boolean {
    return this.#isRetired;
  }

  #removeIfUnused(): void {
    if (!this.isRetired || this.#users > 0 || this.#isLeaving) return;
    this.#isLeaving = true;
    this.#filling.versions -= 1;
    if (this.#filling.versions === 0) this.#dropRows();
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
  owner: object,
): Promise<OpenCopy> {
  const connection = await connections.onDisk(folder);
  const table = await connection.openTable(generation, undefined, { version });
  const { rows, fallbacks } = connections;
  const reader = await LanceReader.over(table, published, rows.ofCopy(owner), fallbacks.of(index));
  if (reader.version !== version)
    throw new DomainError("Internal", `a copy of version ${version} opened as ${reader.version}`);
  return { connection, reader };
}
