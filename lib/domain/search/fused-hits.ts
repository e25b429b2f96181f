import { limits } from "../../config/limits.ts";
import { hitsTooLarge, rowsWithin, widestColumn } from "../answer-size.ts";
import { type Fused, reciprocalRanks, weightedScores } from "../text/fusion.ts";
import type { Fusion, LegName } from "./search-request.ts";
import type { Document, Hit } from "./search-response.ts";

/** The hits of each leg, best first. */
export type LegHits = Record<LegName, Hit[]>;

/**
 * The k best of both legs together, each with how either found it.
 * @param read the documents of some of these hits, by the ids of these
 * @returns undefined where they could not be read
 * @throws AnswerTooLarge
 */
export async function fusedHits(
  legs: LegHits,
  fusion: Fusion | undefined,
  k: number,
  read: (hits: Hit[]) => Promise<Map<string, Document> | undefined>,
): Promise<Hit[] | undefined> {
  const best = bestOfBoth(legs, fusion, k);
  if (best.length === 0) return [];
  const found = new Map([...legs.vector, ...legs.text].map((hit) => [hit.doc_id, hit]));
  const documents = await read(best.map(({ doc_id }) => found.get(doc_id) as Hit));
  if (!documents) return undefined;
  const there = best.filter(({ doc_id }) => documents.has(doc_id));
  const made = (i: number): Hit => {
    const one = there[i] as Hit;
    const document = documents.get(one.doc_id) as Document;
    return { ...document, ...one, doc_id: document.doc_id };
  };
  return rowsWithin(there.length, made, (fit, row) => hitsTooLarge(there.length, fit, widestColumn(row)));
}

/** The k best of both legs together without their columns. */
export function bestOfBoth(legs: LegHits, fusion: Fusion | undefined, k: number): Hit[] {
  const [vector, text] = [placesIn(legs.vector), placesIn(legs.text)];
  const made = ({ id, score }: Fused): Hit => {
    const [near, words] = [vector.get(id), text.get(id)];
    return {
      doc_id: id,
      ...(near ? { distance: near.distance } : {}),
      score,
      legs: {
        ...(near ? { vector: near } : {}),
        ...(words ? { text: { rank: words.rank, score: words.score } } : {}),
      },
    };
  };
  return fused(legs, fusion).slice(0, k).map(made);
}

function fused(legs: LegHits, fusion: Fusion | undefined): Fused[] {
  const { weights, rrfK = limits.fusionK } = fusion ?? {};
  const leg = (name: LegName) => ({
    hits: legs[name].map(({ doc_id, score }, i) => ({ id: doc_id, rank: i + 1, score })),
    weight: weights?.[name] ?? 1,
  });
  const both = [leg("vector"), leg("text")];
  return fusion?.fusion === "weighted" ? weightedScores(both) : reciprocalRanks(both, rrfK);
}

const placesIn = (hits: Hit[]) =>
  new Map(
    hits.map(({ doc_id, distance = 0, score }, i) => [doc_id, { rank: i + 1, distance, score }] as const),
  );
