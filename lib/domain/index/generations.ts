import type { Column, GenerationRef } from "./index-entry.ts";
import type { Openings } from "./openings.ts";

export interface BuiltIndexStats {
  name: string;
  type: string;
  column: string;
  /** Of its files; null where it does not say. */
  bytes: number | null;
  unindexedRows: number;
}

export interface GenerationStats {
  rows: number;
  bytes: number;
  fragments: number;
  indexes: BuiltIndexStats[];
}

/** Asked when a table is open and before it is written to, so that what it allows is older than the fence of a publication. */
export type WritePermit = () => Promise<void>;

export interface StoredColumns {
  all: Column[];
  /** Of types that an index can have; others are left as they are. */
  carried: Column[];
}

export interface VectorIndexState {
  unindexedRows: number;
  /** Each holds some of the rows and is searched as an index of its own: what was built, and what was folded in since. */
  parts: number;
  /** Of a part, on average; null when LanceDB does not say. */
  partitions: number | null;
}

/** The tables of generations, whoever made them. All of it may be repeated. */
export interface Generations {
  readonly openings: Openings;
  version(ref: GenerationRef): Promise<number>;
  /** Null when the table, or a file of it, is gone. */
  versionIfThere(ref: GenerationRef): Promise<number | null>;
  rowsOf(ref: GenerationRef): Promise<number>;
  /** Its rows, and the version that has them. */
  counted(ref: GenerationRef): Promise<{ rows: number; version: number }>;
  /** The columns of a version, as stored. */
  columns(ref: GenerationRef, version: number): Promise<StoredColumns>;
  /** The vector index as it stands; null when there is none. */
  vectorIndex(ref: GenerationRef, column: string, dimension: number): Promise<VectorIndexState | null>;
  /**
   * Makes one version, as it is, the newest: whatever another has written since is undone, and of what is under way
   * nothing can be committed any more.
   * @returns the number it has now
   */
  fence(ref: GenerationRef, version: number, permit: WritePermit): Promise<number>;
  /** Removes the table; no error when it is not there. */
  drop(ref: GenerationRef): Promise<void>;
  list(bucket: string, index: string): Promise<string[]>;
}
