import type { WritePermit } from "../index/generations.ts";
import type { GenerationRef } from "../index/index-entry.ts";
import type { TargetSchema } from "../source/parquet-source.ts";

export interface DuplicateId {
  id: string;
  /** Of its rows, ascending: by file, then row. */
  origins: bigint[];
}

/** That a table takes no more appends: the version that ended them, and what its column of origins is called since. */
export interface Seal {
  version: number;
  column: string;
}

/** Rows on their way into a table, until they are sealed and counted. All of it may be repeated. */
export interface Loads {
  create(ref: GenerationRef, target: TargetSchema): Promise<void>;
  /** @throws StoreUnavailable when the table is sealed */
  append(ref: GenerationRef, ipc: Uint8Array): Promise<void>;
  rowsOfUnit(ref: GenerationRef, unit: number): Promise<number>;
  /** Whether it is neither sealed nor finished. */
  takesAppends(ref: GenerationRef): Promise<boolean>;
  /** Ends the load: no append reaches the table any more, not even one that is under way. Repeated, it is the same seal. */
  seal(ref: GenerationRef): Promise<Seal>;
  /** Lets appends in again. */
  unseal(ref: GenerationRef, seal: Seal): Promise<void>;
  /** Rows by unit and ids that are there more than once, of what was sealed. */
  tally(
    ref: GenerationRef,
    seal: Seal,
    idColumn: string,
  ): Promise<{ rowsByUnit: Map<number, number>; duplicates: DuplicateId[] }>;
  deleteUnit(ref: GenerationRef, seal: Seal, unit: number): Promise<void>;
  deleteOrigins(ref: GenerationRef, seal: Seal, origins: bigint[]): Promise<void>;
  /** Whether rows still carry their origins. */
  hasOrigins(ref: GenerationRef): Promise<boolean>;
  /** What is left are the columns of the index. */
  dropOrigins(ref: GenerationRef, seal: Seal): Promise<void>;
  /** Joins small fragments where that pays. @returns whether it did */
  compact(ref: GenerationRef, idColumn: string, permit: WritePermit): Promise<boolean>;
}
