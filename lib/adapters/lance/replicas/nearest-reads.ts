import type { Fallbacks } from "../../../domain/fallbacks.ts";
import type { GenerationRef, Publication } from "../../../domain/index/index-entry.ts";
import type { LanceReader } from "../reading/lance-reader.ts";
import type { StoreTable } from "../reading/store-table.ts";
import { isOfTheDisk } from "./disk-errors.ts";
import type { LocalCopies } from "./local-copies.ts";
import type { Replica } from "./replica.ts";
import type { Wanted } from "./wanted.ts";

/** Reads of a generation where they are nearest: its replica where that has what they look at, else its store. */
export class NearestReads {
  readonly store: StoreTable;
  readonly copies: LocalCopies;
  readonly fallbacks: Fallbacks;
  readonly ref: GenerationRef;
  readonly published: Publication;
  readonly #opening: Wanted["opening"];
  /** Of one version, counted once. */
  #unindexed: { version: number; rows: Promise<number | undefined> } | undefined;

  /** @param wanted to be on the disk; its version is that of the table */
  constructor(store: StoreTable, copies: LocalCopies, { ref, published, opening }: Omit<Wanted, "version">) {
    this.store = store;
    this.copies = copies;
    this.fallbacks = copies.fallbacks.of(ref.index);
    this.ref = ref;
    this.published = published;
    this.#opening = opening;
  }

  get version(): number {
    return this.store.version;
  }

  /** That of the version that the table is at, once it has all of it. */
  get replica(): Replica | undefined {
    return this.copies.replicas.at(this.ref, this.version);
  }

  get wanted(): Wanted {
    return { ref: this.ref, published: this.published, version: this.version, opening: this.#opening };
  }

  /** That no vector index has; undefined where it is not known. */
  unindexedRows(): Promise<number | undefined> {
    const { version } = this;
    if (this.#unindexed?.version !== version) {
      const rows = this.copies.unindexedRows(this.ref, version, this.published.vectorColumn);
      this.#unindexed = { version, rows };
    }
    return this.#unindexed.rows;
  }

  async read<T>(work: (reader: LanceReader) => Promise<T>): Promise<T> {
    return this.readFrom(this.replica, work);
  }

  /** As read, for work that looks at these columns alone: a replica without vectors serves it, too. */
  async readRows<T>(
    columns: string[],
    work: (reader: LanceReader) => Promise<T>,
    version = this.version,
  ): Promise<T> {
    const { replicas } = this.copies;
    if (columns.includes(this.published.vectorColumn))
      return this.readFrom(replicas.at(this.ref, version), work);
    const replica = replicas.openAt(this.ref, version);
    return this.readFrom(replica?.copy.hasRows ? replica : undefined, work);
  }

  /** From the replica as long as that can be read. */
  async readFrom<T>(replica: Replica | undefined, work: (reader: LanceReader) => Promise<T>): Promise<T> {
    if (!replica) return work(await this.store.reader());
    try {
      return await replica.use(work);
    } catch (error) {
      if (!isOfTheDisk(error)) throw error;
      this.fallbacks.happened("replica", "unreadable");
      this.copies.replicas.drop(this.ref);
      return work(await this.store.reader());
    }
  }

  /** Not what is remote and has no room on the disk: its indexes may be larger than all caches. */
  async warmBehind(): Promise<void> {
    if (this.copies.replicas.isLocal(this.ref.bucket)) await (await this.store.reader()).warm();
    else {
      const index = this.copies.indexes.at(this.ref, this.version);
      await index?.warm(this.published.vectorColumn); // what serves while the rest is copied
      await this.copies.replicas.fill(this.wanted);
    }
    if (this.replica) this.copies.indexes.drop(this.ref);
  }
}
