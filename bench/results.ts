import type { IndexParameters, SearchDefaults } from "../lib/domain/index-entry.ts";
import type { Times } from "./percentiles.ts";

/** What a migration took. */
export interface Migrated {
  rows: number;
  /** Milliseconds by phase. */
  phases: Record<string, number>;
  peakRssBytes: number;
  bytesOnDisk: number;
  parameters: IndexParameters;
  searchDefaults: SearchDefaults;
  /** As the job measured it on sampled rows. */
  recall: number;
}

/** Milliseconds of a fresh process up to its first two answers. */
export interface Cold {
  node: number;
  import: number;
  /** All of the first request; the index's opening and its search are parts of it. */
  first: number;
  open: number;
  search: number;
  second: number;
}

export interface Warm {
  search: Times;
  /** Mean recall@10 over all queries, none of them a row. */
  recall: number;
  fetch: Times;
  overhead: Overhead;
}

/** The same search three ways, in turn; medians in milliseconds. */
export interface Overhead {
  handler: number;
  useCase: number;
  bare: number;
  /** Median over queries of handler less bare. */
  difference: number;
}

export interface TypeResult {
  type: string;
  migrated: Migrated;
  cold: Cold;
  warm: Warm;
}

export interface BenchResult {
  machine: Record<string, string>;
  set: { rows: number; dimension: number; layout: string; queries: number };
  types: TypeResult[];
}
