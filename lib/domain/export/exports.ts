import type { GenerationRef } from "../index/index-entry.ts";

/** Rows of a version that follow each other. */
export interface ExportedRows {
  ref: GenerationRef;
  version: number;
  columns: string[];
  offset: number;
  rows: number;
  /** That are read at a time. */
  batchRows: number;
}

/** A whole Parquet file. */
export interface ParquetFileBytes {
  bytes: Uint8Array;
  rows: number;
  /** In hexadecimal digits. */
  sha256: string;
}

/** Versions of generations as Parquet. */
export interface Exports {
  /** @returns rows, and the bytes of the files that hold them @throws SourceChanged where the version is gone */
  sizeOf(ref: GenerationRef, version: number): Promise<{ rows: number; bytes: number }>;
  /** The same file each time. @throws SourceChanged where the version, or a file of it, is gone; the signal's reason */
  parquetOf(which: ExportedRows, signal: AbortSignal): Promise<ParquetFileBytes>;
  /** Of an object, read in parts. @throws SourceChanged where it is another by now */
  sha256Of(bucket: string, key: string, bytes: number, identity: string): Promise<string>;
}
