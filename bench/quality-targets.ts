import type { JudgedWay } from "./quality-results.ts";
import type { Sections, Target } from "./target.ts";

const wayOf = ({ quality }: Sections, set: string, way: string): JudgedWay | undefined =>
  quality?.figures.find(({ name }) => name === set)?.ways.find(({ name }) => name === way);

const points = (value: number) => value.toFixed(3);

/** Both legs together are not below the better one by more than noise: the upper end of the difference's confidence is not below 0. */
export const qualityTargets: Omit<Target, "report">[] = ["definitions", "news"].flatMap((set) => [
  ...["hybrid, rrf", "hybrid, weighted"].map((way) => ({
    name: `${set}: ${way}, nDCG@10 less the better leg's, upper end of 95 %`,
    bound: { least: 0 },
    shown: points,
    measured: (sections: Sections) => wayOf(sections, set, way)?.toBetter.high,
  })),
  {
    name: `${set}: text, nDCG@10 of the reference BM25's`,
    bound: { least: 0.97 },
    shown: points,
    measured: (sections: Sections) => {
      const [ours, reference] = [wayOf(sections, set, "text"), wayOf(sections, set, "reference BM25")];
      return ours && reference && ours.ndcg.mean / reference.ndcg.mean;
    },
  },
]);
