/** What one search took of a frozen container, and of its store. */
export interface SparseSearched {
  ms: number;
  /** Requests to the store but lists, while it was answered. */
  gets: number;
  lists: number;
  /** Of answers. */
  bytes: number;
}

/** Of one container. */
export interface SparseRound {
  first: SparseSearched;
  second: SparseSearched;
  /** From the third on, until one was answered from the replica; requests are those of each, on the average. */
  before: Omit<SparseSearched, "ms"> & { searches: number; p50: number };
  /** Those after it, one after the other. */
  warm: SparseSearched;
  /** Those with a pause before each. */
  paused: SparseSearched;
  /** One request to the store, with a pause before, in milliseconds. */
  pausedRequest: number;
}

export interface SparseSize {
  rows: number;
  rounds: SparseRound[];
  /** First answers of LanceDB alone, in milliseconds. */
  bare: number[];
}
