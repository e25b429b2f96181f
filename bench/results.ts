import type { IndexParameters, SearchDefaults } from "../lib/domain/index/index-entry.ts";
import type { Layout } from "./bench-set.ts";
import type { ColdStarts } from "./cold-start.ts";
import type { DocumentWrites } from "./document-results.ts";
import type { Times } from "./percentiles.ts";
import type { JudgedWays } from "./quality-results.ts";
import type { SparseSize } from "./sparse-results.ts";

/** What a migration took. */
export interface Migrated {
  rows: number;
  /** Milliseconds by phase. */
  phases: Record<string, number>;
  peakRssBytes: number;
  bytesOnDisk: number;
  /** As served: what `auto` has become. */
  type: string;
  parameters: IndexParameters;
  searchDefaults: SearchDefaults;
  /** Until the vectors lie on the disk, where they differ. */
  unrefinedDefaults?: SearchDefaults | undefined;
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

/** What one setting gives. */
export interface CurvePoint {
  settings: SearchDefaults;
  recall: number;
  p50: number;
}

export interface TypeResult {
  type: string;
  migrated: Migrated;
  cold: Cold;
  warm: Warm;
  curve: CurvePoint[];
}

/** The handler against LanceDB alone. */
export interface Peers {
  handler: Times;
  bare: Times;
  /** Searches a second, a figure a round; the ratio is that of the medians. */
  throughput: { handler: number[]; bare: number[]; workers: number; ratio: number };
}

/** A search whose filter leaves 1 % of the rows, against the same without it. */
export interface Filtered {
  filtered: Times;
  unfiltered: Times;
  /** recall@10 against exact search with the same filter. */
  recall: number;
  queries: number;
}

export interface Build {
  ms: number;
  recall: number;
}

/**
 * defaults: IVF_PQ as LanceDB parametrises it. planned: IVF_PQ as the planner does. auto: what the planner chooses.
 * equal: IVF_PQ with the parameters that the peer in Python is given, too.
 */
export type BuildWay = "defaults" | "planned" | "auto" | "equal" | "pylance";

export type Builds = Partial<Record<BuildWay, { builds: Build[]; settings: SearchDefaults }>>;

/** One size of table. */
export interface Grown {
  rows: number;
  dimension: number;
  type: string;
  rowsPerSecond: number;
  buildMs: number;
  recall: number;
  search: Times;
  fetch: Times;
  bytes: number;
}

/** Milliseconds of the phases that write rows. */
export interface Load {
  plan: number;
  load: number;
  compact: number;
  total: number;
  peakRssBytes: number;
}

export interface LayoutLoads {
  layout: Layout;
  loads: Load[];
  pylance?: { ms: number; peakRssBytes: number }[];
}

/** From the first query to the first that was answered from the container's disk. */
export interface FromCold {
  cold: number;
  /** How many were answered in between, and their median. */
  before: number;
  beforeP50?: number;
  untilReplica: number;
}

export interface StoreTimes {
  fromCold: FromCold;
  local: Times;
  store: Times;
  fetch: { local: Times; store: Times };
}

/** What the store was asked during warm queries. */
export interface Requests {
  queries: number;
  ofQueries: number;
  lookAheads: number;
  seconds: number;
}

export interface StoreResult extends StoreTimes {
  searchedWith: { local: SearchDefaults; store: SearchDefaults; beforeCopy: SearchDefaults };
  bytes: number;
  requests: Requests;
}

/** Medians of each round, in milliseconds. */
export interface SearchPeers {
  handler: number[];
  bare: number[];
  pylance: number[];
  recall: { bare: number; pylance: number };
}

/** Recall measured once more on a published index, as its job does it. */
export interface Verification {
  ms: number;
  /** Of all threads of the process. */
  cpuMs: number;
  queries: number;
  recall: number;
  searchDefaults: SearchDefaults;
  filteredDefaults?: SearchDefaults;
}

/** By the type that was asked for. */
export type Verifications = { type: string; rounds: Verification[] }[];

/** What each section finds. */
export interface Figures {
  types: TypeResult[];
  peers: Peers;
  /** With a scalar index on the column, and with none. */
  filter: { indexed: Filtered; scanned: Filtered };
  verify: Verifications;
  builds: Builds;
  growth: Grown[];
  migrate: LayoutLoads[];
  store: StoreResult;
  cold: ColdStarts;
  sparse: SparseSize[];
  search: SearchPeers;
  documents: DocumentWrites;
  quality: JudgedWays[];
  text: TextSearches;
  queries: QueriesAtOnce;
}

/** Times of searches in milliseconds, each way. */
export type SearchedWays = Record<"vector" | "text" | "hybrid", { cold: number; p50: number; p99: number }>;

export interface TextSearches {
  /** On MinIO, and with S3's latency before it. */
  near: SearchedWays;
  far: SearchedWays;
  /** Processes that waited for the machine. */
  load: number;
}

/** Medians in milliseconds. */
export interface QueriesAtOnce {
  one: number;
  many: number;
  /** Processes that waited for the machine. */
  load: number;
}

export type SectionName = keyof Figures;

/** The set and the machine a section was measured on. */
export interface Measured<F> {
  on: { rows: number; dimension: number; queries: number; machine: Record<string, string> };
  figures: F;
}

/** Where the indexes lay, or with what they were compared. */
export type ReportName = "local" | "stack" | "pylance" | "pylance-stack" | "s3-like" | "quality" | "text";

export interface BenchResult {
  report: ReportName;
  sections: { [K in SectionName]?: Measured<Figures[K]> };
}
