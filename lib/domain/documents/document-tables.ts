import type { Column, GenerationRef } from "../index/index-entry.ts";
import type { TextIndex } from "../text/full-text.ts";
import type { Filter } from "../values/filter.ts";
import type { StoredValue } from "../values/stored-value.ts";

/** Documents as they are stored: a value for each of the columns, row by row. */
export interface DocumentBatch {
  columns: Column[];
  rows: StoredValue[][];
}

/** What changes of documents: their ids, and in each row a value for every column that does not stay as it is. */
export interface DocumentPatch {
  columns: Column[];
  rows: (StoredValue | undefined)[][];
}

/** Documents that came as an Arrow IPC stream, in the form that they have in JSON. */
export interface StreamedDocuments {
  /** With the types that they would be stored as. */
  columns: Column[];
  documents: Record<string, unknown>[];
}

/** Documents in JSON's form, with their columns where a stream told them. */
export type Given = StreamedDocuments | { documents: unknown[] };

/** What a commit did. */
export interface Committed {
  /** The first in which it is seen. */
  version: number;
  inserted: number;
  updated: number;
  deleted: number;
}

export interface Gathered {
  version: number;
  fragments: number;
}

/** A generation's table at its newest version, to which one writes who has the turn. */
export interface OpenDocuments extends PastDocuments {
  /** As the table has them, whoever made them. */
  readonly columns: Column[];
  /** Of these, those of types that documents can have values of. */
  readonly writable: Column[];
  /** Of these, those that hold no nulls, as another client may have made them. */
  readonly required: string[];
  /** Rows by their ids: what is there is replaced, in the columns of the batch, what is not is added; one commit. */
  upsert(idColumn: string, batch: DocumentBatch): Promise<Committed>;
  /** Those of a patch that are there, whose other columns stay as they are; one commit. */
  change(idColumn: string, patch: DocumentPatch): Promise<Committed>;
  /** In one commit. */
  delete(filter: Filter): Promise<Committed>;
  isEmpty(): Promise<boolean>;
  /**
   * Gives a table without rows these columns beside some that stay, in place of any others.
   * @returns the documents as they are then
   */
  shape(kept: string[], columns: Column[]): Promise<OpenDocuments>;
  /** The same table as an earlier version has it. @returns undefined where that version is not kept any more */
  at<T>(version: number, look: (documents: PastDocuments) => Promise<T>): Promise<T | undefined>;
  /**
   * Brings the rows of small fragments into one, in one commit, where that pays; no row is another after it.
   * @returns the version now, and how many fragments no index holds; undefined where that is not known, or failed
   */
  gather(idColumn: string): Promise<Gathered | undefined>;
  /**
   * Whatever is under way to this table is never committed. Loses nothing that was.
   * @param permit asked before anything is done
   * @returns the version now
   */
  fence(permit: () => Promise<void>): Promise<number>;
}

/** What can be asked of a version that is not the newest. */
export interface PastDocuments {
  readonly version: number;
  /** Of these ids, those of which there are documents that the filter takes. @param ids as their column holds them */
  present(idColumn: string, ids: StoredValue[], filter?: Filter): Promise<StoredValue[]>;
  /** The ids of those that a filter takes, so many at most. */
  ids(idColumn: string, filter: Filter, limit: number): Promise<StoredValue[]>;
  /** Whether each document is there, with the values that its row has. */
  holds(idColumn: string, patch: DocumentPatch): Promise<boolean>;
  count(filter: Filter): Promise<number>;
}

/** Which versions of a generation may go: the oldest ones, but neither the newest nor any from one on that has a tag. */
export interface PrunedVersions {
  /** In milliseconds: nobody reads what another took the place of before then. */
  unreadBefore: number;
  /** In milliseconds: what another took the place of since then is kept. */
  keptFrom: number;
  /** Of more than so many the oldest may go, too, however young. */
  most: number;
  /** After the one and up to the other each was made of the one before it; others may be of any, as of one that was restored. */
  sure: { after: number; upTo: number };
  /** In milliseconds: files of before then that no version names go, too; without it none is looked for. */
  unnamedBefore?: number;
}

/** What is left of them. */
export interface LeftVersions {
  /** The newest. */
  version: number;
  versions: number;
  /** Of all files of the table. */
  bytes: number;
  /** No other may go now. */
  isDone: boolean;
  /** Files that no version names were looked for. */
  isSwept: boolean;
}

/** What is to be carried from one generation to another that is to take its place. */
export interface CarriedWrites {
  from: GenerationRef;
  /** The version that the other was made of, with what was carried since. */
  since: number;
  to: GenerationRef;
  /** Of the other: what both have is carried, its id and its vector at least. */
  columns: Column[];
  idColumn: string;
  vectorColumn: string;
  /** Asked when the other is open and before it is written to. */
  permit(): Promise<void>;
}

/** The tables of generations that documents are written to. */
export interface DocumentTables {
  /** An empty table; one that is there already stays. @throws Conflict where that has other columns */
  create(ref: GenerationRef, columns: Column[], fullText: TextIndex[]): Promise<void>;
  /** Whether a column can have this type, as Arrow prints it. */
  isStored(type: string): boolean;
  /** Makes of a batch what will be written of it, so that this is not done while others wait for it. */
  prepare(batch: DocumentBatch): void;
  /** @param stream Arrow IPC @throws BadRequest where it is damaged, compressed or too large, or naming columns that cannot be stored */
  streamed(stream: Uint8Array): StreamedDocuments;
  /**
   * Does to one generation what was done to another after a version: rows that came or were changed are upserted by their
   * ids, those that went are deleted. May be repeated.
   * @returns the version of the other that this one has now, and how many rows that took
   * @throws Conflict where that cannot be told any more, or is more than a publication carries
   */
  carry(writes: CarriedWrites): Promise<{ version: number; rows: number }>;
  /**
   * Removes old versions, and files that no version that stays names; so many at a time.
   * @returns undefined where the table is none that is known here: nothing was removed
   */
  prune(ref: GenerationRef, which: PrunedVersions): Promise<LeftVersions | undefined>;
  /** Opens the newest version; it is closed when the work is done. */
  with<T>(ref: GenerationRef, work: (documents: OpenDocuments) => Promise<T>): Promise<T>;
}
