import type { GenerationStats } from "../index/generations.ts";
import type { Column, IndexEntry, Publication, SearchDefaults } from "../index/index-entry.ts";
import type { TextIndex } from "../text/full-text.ts";
import type { TextCutter } from "../text/text-cutter.ts";
import type { TextPlan } from "../text/text-plan.ts";
import type { Filter } from "../values/filter.ts";
import type { DistanceRange } from "./distance-range.ts";
import type { ExactQuery, NearestOfAll, SampledRow, SampleQuery } from "./exact-rows.ts";
import type { SearchWork } from "./explanation.ts";
import type { Facet, FacetRequest } from "./facets.ts";
import type { Freshness } from "./freshness.ts";
import type { OrderBy } from "./ordering.ts";
import type { Document, Hit } from "./search-response.ts";

/** Parts of an index that a container copies to its disk. */
export const indexParts = ["index", "rows", "vectors"] as const;
export type IndexPart = (typeof indexParts)[number];

/** An index opened for reading, at one version of its published generation. */
export interface Reader {
  readonly columns: Column[];
  readonly version: number;
  /** Whether it reads from this machine's disk what its store holds. */
  readonly isReplicated?: boolean;
  /** Bytes of that copy, where it does. */
  readonly replicaBytes?: number;
  /** The parts of that version which this machine's disk has all of; undefined where its store is a folder. */
  readonly onDisk?: IndexPart[] | undefined;
  search(query: Query): Promise<Hit[]>;
  /**
   * As each by itself, for queries that differ in nothing but their vectors: they share what they read.
   * @returns undefined where nothing is shared: then each is searched for by itself
   */
  searchAlike?(queries: AlikeQueries): Promise<Hit[][] | undefined>;
  /** The best by their words, best first; their score is BM25. */
  searchText(query: TextSearch): Promise<Hit[]>;
  /** Cuts texts as an index on them does. */
  textCutter(index: TextIndex): Promise<TextCutter>;
  /** Whether all that was read since it was at this version is of this version. */
  isStillAt(version: number): Promise<boolean>;
  /** Those that are there, by their ids, of which none is there twice. */
  fetch(
    ids: string[],
    columns: string[],
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Map<string, Document>>;
  /**
   * Documents of hits that its inner searches found at this version, by the ids of these hits: read by their rows.
   * @returns undefined where it does not know these, or is at another version
   */
  documentsOf?(
    version: number,
    hits: Hit[],
    columns: string[],
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Map<string, Document> | undefined>;
  /**
   * A page of all documents, at the version that is named or at its own.
   * @throws CursorExpired where that version is gone
   */
  page(query: PageQuery): Promise<DocumentPage>;
  /**
   * Counts rows, and their values, at the version that is named or at its own.
   * @throws CursorExpired where that version is gone
   */
  tally(query: TallyQuery): Promise<Tally>;
  /**
   * Reads another version of the same generation, which is open until the work is done.
   * @throws VersionExpired where it is gone
   */
  at<T>(version: number, work: (past: Reader) => Promise<T>): Promise<T>;
  /** Rows to ask for the neighbours of. */
  sample(query: SampleQuery): Promise<SampledRow[]>;
  /** The nearest rows to each of some vectors, every row compared, all of them in one scan. */
  nearestOfAll(query: ExactQuery): Promise<NearestOfAll[]>;
  /** Rows of its version that no vector index holds; undefined where that is not known. */
  unindexedRows?(): Promise<number | undefined>;
  /** Rows of its version that an index of the text of one of these columns does not hold. */
  textUnindexedRows?(columns: string[]): Promise<number | undefined>;
  /**
   * What LanceDB does for a search or a page, by doing it once more. Absent where it would tell of others' rows.
   * @returns undefined where it is not told
   */
  workOf?(asked: Query | TextSearch | PageQuery): Promise<SearchWork | undefined>;
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
  /** Every row is compared, whatever indexes there are. */
  isExact?: boolean;
  /** Of the hits' distances, by their vectors. */
  range?: DistanceRange | undefined;
  /** Whether its hits are looked at and not answered, so that an answer need not have room for them. */
  isInner?: boolean;
  /**
   * Of a leg of a search by both, whose hits are inner ones: those with the same score come as they lie in the table. By
   * rows they have no columns, and ids that stand for their rows, which need not be read.
   */
  leg?: "rows" | "ids";
  timeoutMs: number;
  /** Once it is aborted nothing more is begun. */
  signal?: AbortSignal;
}

/** They differ in their vectors and in nothing else; each has no range. */
export type AlikeQueries = [Query, ...Query[]];

/** As Query, by words. */
export interface TextSearch extends Omit<Query, "vector" | "settings" | "isExact" | "range"> {
  plan: TextPlan;
}

/** Some of all documents, in an order, or as they are stored. */
export interface PageQuery {
  /** Of the table; without it the reader's own. */
  version?: number | undefined;
  /** How many documents of that version, of those the filter leaves, come before the page. */
  offset: number;
  /** At most so many; fewer where an answer has no room for them. */
  limit: number;
  filter?: Filter | undefined;
  /** Without it, as they are stored. */
  orderBy?: OrderBy | undefined;
  /** All but the vector without it. */
  select?: string[] | undefined;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

export interface DocumentPage {
  documents: Document[];
  version: number;
  hasMore: boolean;
}

/** What is counted of the rows that a filter leaves, and words find. */
export interface TallyQuery {
  /** As of a page. */
  version?: number | undefined;
  filter?: Filter | undefined;
  text?: TextPlan | undefined;
  facets: FacetRequest[];
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

export interface Tally {
  version: number;
  count: number;
  facets: Facet[];
}

/** A generation opened by the warm container, with what was paid for it. */
export interface Lease {
  entry: IndexEntry;
  published: Publication;
  reader: Reader;
  /** Whether that reads no other rows than some filter takes. */
  isNarrowed?: boolean;
  cold: boolean;
  openMs: number;
  /** How long ago the look at the registry and the table began that it is of. */
  viewAgeMs: number;
}

export interface WarmIndexes {
  /**
   * Runs `work` with the index open, as new as is asked for; it is not closed before `work` ends.
   * @throws IndexNotFound, IndexNotReady, VersionNotReached
   */
  use<T>(index: string, freshness: Freshness, work: (lease: Lease) => Promise<T>): Promise<T>;
}
