import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { JudgedSet } from "./judged-set.ts";

/** Of what people rated from 0 to 1; half of it is "similar" here. */
const leastSimilarity = 0.5;

/**
 * Fifty news articles whose likeness some ten people each judged, pair by pair (Lee, Pincombe and Welsh, 2005): each asks for those
 * that are like it.
 * @param folder of gensim's test data
 */
export function newsSet(folder: string): JudgedSet {
  const texts = readFileSync(join(folder, "lee.cor"), "utf8").trim().split("\n");
  const rated = readFileSync(join(folder, "similarities0-1.txt"), "utf8").trim().split("\n");
  const upper = rated.map((line) => line.trim().split(/\s+/).map(Number));
  const idOf = (i: number) => `news-${i + 1}`;
  const likeness = (i: number, j: number) => upper[Math.min(i, j)]?.[Math.max(i, j)] ?? 0;
  const gainsOf = (i: number) =>
    Object.fromEntries(
      texts.flatMap((_, j) =>
        i !== j && likeness(i, j) >= leastSimilarity ? [[idOf(j), likeness(i, j)]] : [],
      ),
    );
  const queries = texts.map((text, i) => ({ id: idOf(i), text, gains: gainsOf(i), except: idOf(i) }));
  return {
    name: "news",
    documents: texts.map((text, i) => ({ id: idOf(i), text })),
    queries: queries.filter(({ gains }) => Object.keys(gains).length),
  };
}
