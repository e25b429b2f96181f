import type { Column, IndexEmbedding } from "../index/index-entry.ts";
import type { ObjectStat } from "../object-store.ts";

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
  /** By what vectors are made that the files do not have. */
  embedding?: IndexEmbedding | undefined;
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
   * @param index that they are loaded into, of which it is told what falls back
   * @throws SourceInvalid naming file, row group and row; SourceChanged naming the file
   */
  decode(
    bucket: string,
    files: PlannedFile[],
    units: Unit[],
    target: TargetSchema,
    signal: AbortSignal,
    index?: string,
  ): AsyncIterable<{
    unit: Unit;
    ipc: Uint8Array;
    /** Not in it; of the unit's rows. The same each time that it is decoded. */
    skipped?: SkippedRows | undefined;
    /** Of a target whose vectors are made of texts: they are missing in the stream. */
    texts?: DecodedTexts | undefined;
    release: () => void;
  }>;
}

/** Texts of a unit's rows, and how a vector for each is put into its stream. */
export interface DecodedTexts {
  texts: (string | null)[];
  fill(vectors: Float32Array[]): void;
}

/** Rows of a unit, or of all, whose vector cannot be one of the index; the first of them with their places. */
export interface SkippedRows {
  rows: number;
  first: { place: string; reason: string }[];
}
