import type { IndexPart, Query } from "../../../domain/search/reader.ts";

/** Files of one version of a table on this machine's disk. */
export interface Copy {
  /** Database folder that holds the table under its own name. */
  readonly folder: string;
  /** The one whose manifest it has. */
  readonly version: number;
  /** When it has all that there is room for. */
  readonly bytes: number;
  /** Whether it has all it is meant to. */
  readonly isWhole: boolean;
  /** Whether the vector index has all rows, so that the nearest are told without vectors. */
  readonly isIndexed: boolean;
  /** Whether all indexes are there, and all of the rows but their vectors. */
  readonly hasRows: boolean;
  /** Of which all is there. */
  readonly parts: IndexPart[];
  /** Whether `complete` has anything to do. */
  readonly isToBeCompleted: boolean;
  /** @returns when a search may read it for the nearest by the vector index. @throws StoreUnavailable */
  prepareNearest(query: Query): Promise<void>;
  /** @returns when it may be read for these columns of some rows; false where it may not. @throws StoreUnavailable */
  prepareRows(ids: bigint[], columns: string[]): Promise<boolean>;
  /** Copies what is still to come before the vectors. @throws StoreUnavailable, the signal's reason */
  completeRows(signal: AbortSignal): Promise<void>;
  /**
   * Copies the vectors.
   * @param pause as of CopyPace, where it is not that of copies behind answers
   * @throws as completeRows
   */
  complete(signal: AbortSignal, pause?: number): Promise<void>;
  remove(): Promise<void>;
}
