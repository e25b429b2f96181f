import type { SearchDefaults } from "../index/index-entry.ts";

/** What a setting gave on the sampled queries. */
export interface Measurement {
  settings: SearchDefaults;
  /** Mean recall@k, 0 to 1. */
  recall: number;
  /** One standard error of that mean. */
  error: number;
  /** On how many queries. */
  queries: number;
}

/** Searches with a setting, on at least the first `queries` of the sampled queries. */
export type Measure = (settings: SearchDefaults, queries: number) => Promise<Measurement>;

/** What searches of that width would find with each refine factor. */
export type Foresee = (width: SearchDefaults, refines: number[], queries: number) => Promise<Measurement[]>;

/** What can be asked about the sampled queries. */
export interface Measured {
  /** How many there are. */
  length: number;
  /** Of the nearest that each of them asks for. */
  k: number;
  measure: Measure;
  foresee: Foresee;
  /** Median time of a search. */
  medianMs(settings: SearchDefaults): Promise<number>;
}
