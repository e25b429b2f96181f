/** What a leg found of a document: its place among the leg's hits, from 1, and its score there; higher is better. */
export interface Ranked {
  id: string;
  rank: number;
  score: number;
}

/** A document that some leg found, with its score over all legs. */
export interface Fused {
  id: string;
  score: number;
}

/** A leg's hits, best first, and what it counts beside the others. */
export interface Leg {
  hits: Ranked[];
  weight: number;
}

/**
 * Reciprocal-rank fusion: a document's score is the sum over the legs that found it of weight / (k + rank). Cormack,
 * Clarke and Büttcher, SIGIR 2009, whose k is 60. The larger k is, the less the first ranks count beside the next.
 * @returns all documents of all legs, best first
 */
export function reciprocalRanks(legs: Leg[], k: number): Fused[] {
  return summed(legs, ({ rank }) => 1 / (k + rank));
}

/**
 * The weighted sum of scores that are normalised leg by leg: the best of a leg has 1, the last of its hits 0, and those
 * that it did not find have 0, too. A leg whose hits all have the same score gives each 1.
 * @returns all documents of all legs, best first
 */
export function weightedScores(legs: Leg[]): Fused[] {
  return summed(legs, (hit, { hits }) => {
    const [least, most] = [hits.at(-1)?.score ?? 0, hits[0]?.score ?? 0];
    return most > least ? (hit.score - least) / (most - least) : 1;
  });
}

/** Ties by the best rank in any leg, then by the first leg that gave it: the same hits give the same order, whatever their ids. */
function summed(legs: Leg[], part: (hit: Ranked, leg: Leg) => number): Fused[] {
  const fused = new Map<string, Fused & { best: number; by: number }>();
  for (const [i, leg] of legs.entries())
    for (const hit of leg.hits) {
      const before = fused.get(hit.id) ?? { score: 0, best: hit.rank, by: i };
      const { best, by } = hit.rank < before.best ? { best: hit.rank, by: i } : before;
      fused.set(hit.id, { id: hit.id, score: before.score + leg.weight * part(hit, leg), best, by });
    }
  return [...fused.values()]
    .sort((a, b) => b.score - a.score || a.best - b.best || a.by - b.by)
    .map(({ id, score }) => ({ id, score }));
}
