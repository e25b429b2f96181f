import type { JudgedQuery } from "./judged-set.ts";

/** How good one ranking is, each from 0 to 1. */
export interface Measures {
  ndcg: number;
  recall: number;
  mrr: number;
}

/** Ranks that count. */
export const depth = 10;

/**
 * nDCG@10 with the gains as they are and logarithmic discounts (Järvelin and Kekäläinen, 2002), recall@10, and the reciprocal rank
 * of the first relevant document within ten.
 * @param ranking ids, best first; those after the tenth do not count
 */
export function measuresOf(ranking: string[], { gains }: Pick<JudgedQuery, "gains">): Measures {
  const found = ranking.slice(0, depth).map((id) => gains[id] ?? 0);
  const ideal = Object.values(gains).sort((a, b) => b - a);
  const first = found.findIndex((gain) => gain > 0);
  return {
    ndcg: discounted(found) / discounted(ideal.slice(0, depth)),
    recall: found.filter((gain) => gain > 0).length / ideal.length,
    mrr: first < 0 ? 0 : 1 / (first + 1),
  };
}

const discounted = (gains: number[]) =>
  gains.reduce((sum, gain, rank) => sum + gain / Math.log2(rank + 2), 0);
