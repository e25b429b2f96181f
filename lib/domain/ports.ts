import type { Filter } from "./filter.ts";
import type {
  Column,
  GenerationRef,
  IndexEntry,
  IndexParameters,
  IndexType,
  Metric,
  Publication,
  SearchDefaults,
} from "./index-entry.ts";
import type { Consistency, Document, Hit } from "./search-request.ts";

/** A condition on a write: only if absent, or only if the stored version is the one that was read. */
export type WriteCondition = { ifNoneMatch: "*" } | { ifMatch: string };

export interface ObjectStat {
  bytes: number;
  /** Another one when the object is replaced or changed. */
  identity: string;
}

/** One bucket's objects, by key relative to its root. Every call has a deadline of its own. */
export interface ObjectStore {
  get(key: string): Promise<{ body: Uint8Array; etag: string } | undefined>;
  /** Atomic. @returns the new version's ETag. @throws Conflict when the condition does not hold */
  put(key: string, body: Uint8Array, condition?: WriteCondition): Promise<string>;
  /** Keys that start with the prefix, ascending, after `after`. */
  list(
    prefix: string,
    options?: { after?: string; limit?: number },
  ): Promise<{ key: string; bytes: number }[]>;
  /** Removes every object whose key starts with the prefix (a folder: ends with `/`). */
  deletePrefix(prefix: string): Promise<void>;
  /**
   * Bytes from start (inclusive) to end (exclusive); fewer where the object ends before.
   * @param identity of what is to be read, as `stat` told it
   * @throws SourceChanged where it is another object by now, or none
   */
  read(key: string, start: number, end: number, identity?: string): Promise<Uint8Array<ArrayBuffer>>;
  /** The same, as many bytes as there is memory for, into that memory. @returns how many there were */
  readInto(key: string, start: number, into: Uint8Array, identity?: string): Promise<number>;
  /** Undefined where there is no such object. */
  stat(key: string): Promise<ObjectStat | undefined>;
  /** Copies inside the bucket without moving bytes through this process where the store can. */
  copy(from: string, to: string): Promise<void>;
  /** Makes sure, once, that conditional writes hold here. @throws StoreUnsuitable, BucketReadOnly */
  ensureWritable(): Promise<void>;
}

export type Stores = (bucket: string) => ObjectStore;

/** An index opened for reading, at one version of its published generation. */
export interface Reader {
  readonly columns: Column[];
  readonly version: number;
  /** Whether it reads from this machine's disk what its store holds. */
  readonly isReplicated?: boolean;
  /** Bytes of that copy, where it does. */
  readonly replicaBytes?: number;
  search(query: Query): Promise<Hit[]>;
  /** Those that are there, by their ids, of which none is there twice. */
  fetch(
    ids: string[],
    columns: string[],
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Map<string, Document>>;
  stats(): Promise<GenerationStats>;
  /** Fills what later reads are answered from. Whoever asks while that is under way waits for the same. */
  warm(): Promise<void>;
}

export interface Query {
  vector: Float32Array;
  k: number;
  columns: string[];
  filter?: Filter;
  settings: SearchDefaults;
  timeoutMs: number;
  /** Once it is aborted nothing more is begun. */
  signal?: AbortSignal;
}

export interface GenerationStats {
  rows: number;
  bytes: number;
  fragments: number;
  indexes: { name: string; type: string; unindexedRows: number }[];
}

/** A generation opened by the warm container, with what was paid for it. */
export interface Lease {
  entry: IndexEntry;
  published: Publication;
  reader: Reader;
  cold: boolean;
  openMs: number;
}

export interface WarmIndexes {
  /** Runs `work` with the index open; it is not closed before `work` ends. @throws IndexNotFound, IndexNotReady */
  use<T>(index: string, consistency: Consistency, work: (lease: Lease) => Promise<T>): Promise<T>;
}

/** What one append carries: row groups of one file that are decoded, sent and counted as a whole. */
export interface Unit {
  id: number;
  /** Position in the plan's files. */
  file: number;
  rowGroups: { index: number; rows: number }[];
  /** Row of the first row group at which it starts: a large row group is cut into several units. */
  firstRow: number;
  rows: number;
}

/** A file of a source, and what it was when the plan saw it; a plan of long ago does not say. */
export interface PlannedFile extends Partial<ObjectStat> {
  key: string;
}

export interface FileFooter {
  bytes: number;
  rows: number;
  columns: SourceColumn[];
  /** `moreBytes`: of values that a dictionary holds once and many rows have, beside those that are encoded. */
  rowGroups: { rows: number; bytes: number; moreBytes?: number }[];
}

export type VectorLayout = "list" | "fixed_size_list" | "binary" | "struct";

/** A column of a Parquet file as it will be stored; `vector` when it can serve as the vector column. */
export interface SourceColumn {
  name: string;
  type: string;
  /** Whether columns of this type can be stored. */
  carried: boolean;
  /** Under a key of its own: nobody here can read it. */
  encrypted?: true;
  /** Of all its values in the file, encoded but not compressed. */
  bytes: number;
  /** Of bytes of a fixed size, of which UUIDs are stored as text. */
  fixedBinary?: "uuid" | "any";
  vector?: { layout: VectorLayout; dimension: number | null; integers?: boolean };
}

/** What the rows of every file are made into. */
export interface TargetSchema {
  idColumn: string;
  vectorColumn: string;
  dimension: number;
  columns: Column[];
  refuseZeroVectors: boolean;
  /** Rows whose vector cannot be one of the index are left out and counted, where a job would fail. */
  skipBadVectors?: boolean | undefined;
  /** Directories between this prefix of the source and a file tell columns of it; none do without it. */
  partitionBase?: string | undefined;
}

export interface ParquetSource {
  /** With the identity that each file had meanwhile. @throws SourceInvalid, SourceChanged naming the file */
  footers(bucket: string, keys: string[], signal: AbortSignal): Promise<(FileFooter & ObjectStat)[]>;
  /**
   * The dimension of a vector column from its first row, where the footer does not tell.
   * @throws SourceInvalid, SourceChanged
   */
  firstDimension(bucket: string, file: PlannedFile, column: string, signal: AbortSignal): Promise<number>;
  /**
   * Decodes units one after the other, the next while the last is written. Each is an Arrow IPC stream of the target
   * schema with the column `_origin` (unit id and row) added. `release` gives its memory to those to come; nobody may
   * read it from then on.
   * @throws SourceInvalid naming file, row group and row; SourceChanged naming the file
   */
  decode(
    bucket: string,
    files: PlannedFile[],
    units: Unit[],
    target: TargetSchema,
    signal: AbortSignal,
  ): AsyncIterable<{
    unit: Unit;
    ipc: Uint8Array;
    /** Not in it; of the unit's rows. The same each time that it is decoded. */
    skipped?: SkippedRows | undefined;
    release: () => void;
  }>;
}

/** Rows of a unit, or of all, whose vector cannot be one of the index; the first of them with their places. */
export interface SkippedRows {
  rows: number;
  first: { place: string; reason: string }[];
}

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

export interface VectorIndexState {
  unindexedRows: number;
  /** Each holds some of the rows and is searched as an index of its own: what was built, and what was folded in since. */
  parts: number;
  /** Of a part, on average; null when LanceDB does not say. */
  partitions: number | null;
}

/** Asked when a table is open and before it is written to, so that what it allows is older than the fence of a publication. */
export type WritePermit = () => Promise<void>;

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

export interface ProbeVector {
  /** Of the row that stands exactly there, which is no answer to the question for its neighbours; null if none does. */
  id: string | null;
  vector: Float32Array;
}

/** The right answers to a question for the k nearest. */
export interface Nearest {
  /** The k nearest, and those that are as near as the last of them; all of these where `within` is not there. */
  ids: string[];
  /** More rows than these are as near as the k-th, each of them as right an answer: all at most so far away. */
  within?: number;
}

/** Exact and approximate neighbours of vectors, as ids of the table's rows. */
export interface Neighbours {
  /** For each vector the right answers for each k, all found in one scan. */
  exact(vectors: Float32Array[], ks: number[], signal?: AbortSignal): Promise<Nearest[][]>;
  /** All of them in one search; in the place of what is farther away than was asked stands null. */
  approximate(asked: Asked[], k: number, settings: SearchDefaults): Promise<(string | null)[][]>;
}

/** A question for the nearest rows, none of them farther away than `within`, by its vector. */
export interface Asked {
  vector: Float32Array;
  within?: number | undefined;
}

/** What samples a table, and finds the neighbours of what it sampled. */
export interface RecallProbe extends Neighbours {
  /** Rows of the table, from all parts of it; at most as many as it has. */
  sample(queries: number): Promise<ProbeVector[]>;
  /** The same rows' vectors, each moved about as far as its nearest neighbour is: no row is at its place. */
  sampleBeside(queries: number): Promise<ProbeVector[]>;
  /** Neighbours among one row in so many, as a filter leaves them. */
  among(oneIn: number): Neighbours;
  close(): Promise<void>;
}

export interface ExecutionState {
  status: "running" | "succeeded" | "failed" | "cancelled";
  endedAt?: string;
  error?: string;
  cause?: string;
}

/** Where state machines run: in this process or in Step Functions. */
export interface Workflow {
  /** Starts once per name; a second start of the same name does nothing. */
  start(name: string, machine: string, input: unknown): Promise<void>;
  describe(name: string, machine: string): Promise<ExecutionState | undefined>;
  /** Ends the execution; where its tasks run in processes of ours, waits for them within a deadline of its own. */
  stop(name: string, machine: string): Promise<void>;
}

export interface Clock {
  now(): number;
}

/** What a task of a state machine is told beside its input. */
export interface TaskContext {
  signal: AbortSignal;
  remainingMs(): number;
}
