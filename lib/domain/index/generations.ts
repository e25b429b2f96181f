import type { DuplicateId, Seal } from "../load/sealed-table.ts";
import type { RecallProbe } from "../recall/recall-probe.ts";
import type { TargetSchema } from "../source/parquet-source.ts";
import type { Column, GenerationRef, IndexParameters, IndexType, Metric } from "./index-entry.ts";

export interface GenerationStats {
  rows: number;
  bytes: number;
  fragments: number;
  indexes: { name: string; type: string; unindexedRows: number }[];
}

/** Asked when a table is open and before it is written to, so that what it allows is older than the fence of a publication. */
export type WritePermit = () => Promise<void>;

export interface VectorIndexState {
  unindexedRows: number;
  /** Each holds some of the rows and is searched as an index of its own: what was built, and what was folded in since. */
  parts: number;
  /** Of a part, on average; null when LanceDB does not say. */
  partitions: number | null;
}

/** Bytes of a column's values. */
export interface ValueWidth {
  mean: number;
  most: number;
}

/** Writing generations: what the tasks of a job need of LanceDB. All of it may be repeated. */
export interface Generations {
  create(ref: GenerationRef, target: TargetSchema): Promise<void>;
  /** @throws StoreUnavailable when the table is sealed */
  append(ref: GenerationRef, ipc: Uint8Array): Promise<void>;
  version(ref: GenerationRef): Promise<number>;
  /** Null when the table, or a file of it, is gone. */
  versionIfThere(ref: GenerationRef): Promise<number | null>;
  rowsOf(ref: GenerationRef): Promise<number>;
  rowsOfUnit(ref: GenerationRef, unit: number): Promise<number>;
  /** Ends the load: no append reaches the table any more, not even one that is under way. Repeated, it is the same seal. */
  seal(ref: GenerationRef): Promise<Seal>;
  /** Whether it is neither sealed nor finished. */
  takesAppends(ref: GenerationRef): Promise<boolean>;
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
  /** What is left are the columns of the index. */
  dropOrigins(ref: GenerationRef, seal: Seal): Promise<void>;
  /** Whether rows still carry their origins. */
  hasOrigins(ref: GenerationRef): Promise<boolean>;
  /** Joins small fragments where that pays. @returns whether it did */
  compact(ref: GenerationRef, idColumn: string, permit: WritePermit): Promise<boolean>;
  /** A copy of one version under another name: nothing that is later written to the original can reach it. */
  fork(from: GenerationRef, version: number, to: GenerationRef, permit: WritePermit): Promise<void>;
  /** Joins small fragments, takes rows that are not indexed into the indexes, and removes what is replaced. */
  optimize(ref: GenerationRef, permit: WritePermit): Promise<void>;
  /** The vector index as it stands; null when there is none. */
  vectorIndex(ref: GenerationRef, column: string, dimension: number): Promise<VectorIndexState | null>;
  /** @returns how many clusters its vectors form, where these are fewer than the partitions: then nothing was built */
  buildVectorIndex(
    ref: GenerationRef,
    column: string,
    type: IndexType,
    metric: Metric,
    p: IndexParameters,
    permit: WritePermit,
  ): Promise<number | undefined>;
  dropVectorIndex(ref: GenerationRef, column: string, permit: WritePermit): Promise<void>;
  /** @throws IndexParametersInvalid naming the column, when its values are more than can be sorted in memory */
  buildScalarIndex(ref: GenerationRef, column: string, permit: WritePermit): Promise<void>;
  /**
   * Makes one version, as it is, the newest: whatever another has written since is undone, and of what is under way
   * nothing can be committed any more.
   * @returns the number it has now
   */
  fence(ref: GenerationRef, version: number, permit: WritePermit): Promise<number>;
  /** Of a string column, by some of its rows. */
  widthOf(ref: GenerationRef, column: string): Promise<ValueWidth>;
  probe(ref: GenerationRef, vectorColumn: string, metric: Metric): Promise<RecallProbe>;
  /** The columns as stored. */
  columns(ref: GenerationRef): Promise<Column[]>;
  /** Removes the table; no error when it is not there. */
  drop(ref: GenerationRef): Promise<void>;
  list(bucket: string, index: string): Promise<string[]>;
}
