import type { Filter } from "../values/filter.ts";

/** What is asked of rows themselves, without an index, to tell how well one finds them. */

export interface SampleQuery {
  /** How many, at most. */
  rows: number;
  /** Whether vectors beside them are wanted, each moved about as far as its nearest neighbour is. */
  isBeside: boolean;
  /** Of the rows that may be drawn, and that others are moved by. */
  filter?: Filter | undefined;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

/** A row that was drawn, or a vector beside one. */
export interface SampledRow {
  vector: Float32Array;
  /** Of the row that is exactly there, which is no answer to a question for its neighbours; none beside a row. */
  self?: { docId: string; rowId: number };
}

export interface ExactQuery {
  asked: SampledRow[];
  /** How many of the nearest, itself left out. */
  k: number;
  /** Of the rows that are compared. */
  filter?: Filter | undefined;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

/** The nearest rows to one vector. */
export interface NearestOfAll {
  /** k, or all that the filter leaves. */
  rows: number;
  /** Whether a row with this vector is as near as the last of them: then it is as right an answer, whichever they are. */
  isAsNear(vector: Float32Array): boolean;
}
