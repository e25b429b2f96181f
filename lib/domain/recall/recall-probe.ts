import type { GenerationRef, Metric, SearchDefaults } from "../index/index-entry.ts";

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

/** Who opens a generation to measure its recall. */
export interface Probes {
  probe(ref: GenerationRef, vectorColumn: string, metric: Metric): Promise<RecallProbe>;
}
