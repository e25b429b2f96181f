import type { WritePermit } from "../index/generations.ts";
import type { GenerationRef, IndexParameters, IndexType, Metric } from "../index/index-entry.ts";
import type { ValueWidth } from "../source/filter-columns.ts";
import type { TextIndex } from "../text/full-text.ts";

/** What is made of a table whose rows are there. All of it may be repeated. */
export interface Builds {
  /**
   * A copy of one version under another name: nothing that is later written to the original can reach it.
   * @throws TableNotKnown where a part of the table might be missed
   */
  fork(from: GenerationRef, version: number, to: GenerationRef, permit: WritePermit): Promise<void>;
  /** Joins small fragments, takes rows that are not indexed into the indexes, and removes what is replaced. */
  optimize(ref: GenerationRef, permit: WritePermit): Promise<void>;
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
   * Full-text indexes, each of which is the only one on its column; one that is there, as told, and holds every row stays.
   * Others that were built here go.
   */
  buildTextIndexes(ref: GenerationRef, all: TextIndex[], permit: WritePermit): Promise<void>;
  /** Of a string column, by some of its rows. */
  widthOf(ref: GenerationRef, column: string): Promise<ValueWidth>;
}
