import { idsOf } from "../documents/document-batch.ts";
import type {
  Committed,
  DocumentBatch,
  DocumentPatch,
  DocumentTables,
  Gathered,
  OpenDocuments,
  PastDocuments,
} from "../documents/document-tables.ts";
import type { Column } from "../index/index-entry.ts";
import type { Filter } from "../values/filter.ts";
import type { StoredValue } from "../values/stored-value.ts";
import { narrowed } from "./forced-filter.ts";
import { refuseOthers, refuseOthersIds } from "./own-documents.ts";

/** Tables as if they had no other rows than those that a key's filter takes, and took no others. */
export function narrowedTables(tables: DocumentTables, forced: Filter): DocumentTables {
  return {
    create: (ref, columns, fullText) => tables.create(ref, columns, fullText),
    isStored: (type) => tables.isStored(type),
    streamed: (stream) => tables.streamed(stream),
    prepare: (batch) => tables.prepare(batch),
    prune: (ref, which) => tables.prune(ref, which),
    carry: (writes) => tables.carry(writes),
    with: (ref, work) => tables.with(ref, (open) => work(new NarrowedDocuments(open, forced))),
  };
}

class NarrowedPast implements PastDocuments {
  readonly #past: PastDocuments;
  readonly #narrow: (asked?: Filter) => Filter;

  constructor(past: PastDocuments, narrow: (asked?: Filter) => Filter) {
    this.#past = past;
    this.#narrow = narrow;
  }

  get version(): number {
    return this.#past.version;
  }

  present(idColumn: string, ids: StoredValue[], filter?: Filter): Promise<StoredValue[]> {
    return this.#past.present(idColumn, ids, this.#narrow(filter));
  }

  ids(idColumn: string, filter: Filter, limit: number): Promise<StoredValue[]> {
    return this.#past.ids(idColumn, this.#narrow(filter), limit);
  }

  count(filter: Filter): Promise<number> {
    return this.#past.count(this.#narrow(filter));
  }

  async holds(idColumn: string, patch: DocumentPatch): Promise<boolean> {
    const ids = idsOf(idColumn, patch);
    const own = new Set((await this.present(idColumn, ids)).map(String));
    return ids.every((id) => own.has(String(id))) && this.#past.holds(idColumn, patch);
  }
}

class NarrowedDocuments extends NarrowedPast implements OpenDocuments {
  readonly #open: OpenDocuments;
  readonly #forced: Filter;
  readonly #narrow: (asked?: Filter) => Filter;

  constructor(open: OpenDocuments, forced: Filter) {
    const narrow = (asked?: Filter) => narrowed(forced, open.columns, asked);
    super(open, narrow);
    this.#open = open;
    this.#forced = forced;
    this.#narrow = narrow;
  }

  get columns(): Column[] {
    return this.#open.columns;
  }

  get writable(): Column[] {
    return this.#open.writable;
  }

  get required(): string[] {
    return this.#open.required;
  }

  /** @throws Forbidden */
  async upsert(idColumn: string, batch: DocumentBatch): Promise<Committed> {
    refuseOthers(this.#forced, batch, true);
    await refuseOthersIds(this.#forced, this.#open, this, idColumn, batch);
    return this.#open.upsert(idColumn, batch);
  }

  /** @throws Forbidden */
  async change(idColumn: string, patch: DocumentPatch): Promise<Committed> {
    refuseOthers(this.#forced, patch, false);
    await refuseOthersIds(this.#forced, this.#open, this, idColumn, patch);
    return this.#open.change(idColumn, patch);
  }

  delete(filter: Filter): Promise<Committed> {
    return this.#open.delete(this.#narrow(filter));
  }

  at<T>(version: number, look: (documents: PastDocuments) => Promise<T>): Promise<T | undefined> {
    return this.#open.at(version, (past) => look(new NarrowedPast(past, this.#narrow)));
  }

  /** Also of the rows that are none for the key: columns are theirs, too. */
  isEmpty(): Promise<boolean> {
    return this.#open.isEmpty();
  }

  async shape(kept: string[], columns: Column[]): Promise<OpenDocuments> {
    return new NarrowedDocuments(await this.#open.shape(kept, columns), this.#forced);
  }

  gather(idColumn: string): Promise<Gathered | undefined> {
    return this.#open.gather(idColumn);
  }

  fence(permit: () => Promise<void>): Promise<number> {
    return this.#open.fence(permit);
  }
}
