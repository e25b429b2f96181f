import type { Estimate } from "./quality/paired.ts";

/** How good the answers of a judged set are, each way. */
export interface JudgedWays {
  name: string;
  documents: number;
  queries: number;
  /** The leg that is better by nDCG@10. */
  better: string;
  ways: JudgedWay[];
}

/** From 0 to 1, means over the queries. */
export interface JudgedWay {
  name: string;
  ndcg: Estimate;
  recall: number;
  mrr: number;
  /** Of nDCG@10, query by query, less that of the better leg. */
  toBetter: Estimate;
}
