import { expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import type { SearchDefaults } from "../../lib/domain/index/index-entry.ts";
import type { Asked, Neighbours } from "../../lib/domain/recall/recall-probe.ts";
import { RecallQueries } from "../../lib/domain/recall/recall-queries.ts";

const sampled = 60;
const context = { signal: new AbortController().signal, remainingMs: () => Number.POSITIVE_INFINITY };
const sample = Array.from({ length: sampled }, (_, i) => ({ id: null, vector: Float32Array.of(i) }));

/** Every query's right answers are 0 to 9; by its codes each second of the first candidates is another row. */
function coded(refining: (candidates: string[]) => string[]) {
  const asked: { settings: SearchDefaults; queries: number; k: number }[] = [];
  const neighbours: Neighbours = {
    exact: async (vectors, ks) =>
      vectors.map(() => ks.map((k) => ({ ids: Array.from({ length: k }, (_, i) => String(i)) }))),
    async approximate(some: Asked[], k: number, settings: SearchDefaults) {
      asked.push({ settings, queries: some.length, k });
      const candidates = (many: number) =>
        Array.from({ length: many }, (_, i) => (i % 2 === 0 ? String(i / 2) : `wrong ${i}`));
      const { refineFactor } = settings;
      return some.map(() =>
        refineFactor ? refining(candidates(k * refineFactor)).slice(0, k) : candidates(k),
      );
    },
  };
  const refined = () => asked.filter(({ settings }) => settings.refineFactor);
  return { neighbours, asked, refined };
}

const rightFirst = (candidates: string[]) =>
  candidates.toSorted((a, b) => Number(a.startsWith("wrong")) - Number(b.startsWith("wrong")));

const searched = (asked: { queries: number }[]) => asked.reduce((sum, { queries }) => sum + queries, 0);

async function queriesOf(neighbours: Neighbours) {
  const [ten] = await RecallQueries.of(neighbours, sample, [10], context);
  return ten;
}

test("refined answers are counted among the candidates of every query, and the first queries refined", async () => {
  const { neighbours, asked, refined } = coded(rightFirst);
  const queries = await queriesOf(neighbours);
  const found = await queries.measure({ nprobes: 3, refineFactor: 2 }, sampled);
  expect(found).toEqual({ settings: { nprobes: 3, refineFactor: 2 }, recall: 1, error: 0, queries: sampled });
  expect(searched(refined())).toBe(limits.refinedQueries);
  const candidates = asked.filter(({ settings, k }) => !settings.refineFactor && k === 20);
  expect(searched(candidates)).toBe(sampled);
});

test("should refining find fewer than there are among the candidates, all queries are refined", async () => {
  const { neighbours, refined } = coded((candidates) => candidates);
  const queries = await queriesOf(neighbours);
  const found = await queries.measure({ nprobes: 3, refineFactor: 2 }, sampled);
  expect(found).toMatchObject({ recall: 0.5, queries: sampled });
  expect(searched(refined())).toBe(sampled);
});

test("without refining all queries are searched as they are served", async () => {
  const { neighbours, asked } = coded(rightFirst);
  const queries = await queriesOf(neighbours);
  expect(await queries.measure({ nprobes: 3 }, sampled)).toMatchObject({ recall: 0.5, queries: sampled });
  expect(asked.every(({ k, settings }) => k === 10 && !settings.refineFactor)).toBe(true);
});

test("questions are asked in a few searches of equal size, more of them where answers are many", async () => {
  const { neighbours, asked } = coded(rightFirst);
  const queries = await queriesOf(neighbours);
  await queries.foresee({ nprobes: 3 }, [1], sampled);
  expect(asked.map((one) => one.queries)).toEqual([30, 30]);
  asked.length = 0;
  await queries.foresee({ nprobes: 3 }, [limits.maxRefineFactor], sampled);
  for (const { queries: together, k } of asked)
    expect((together - 1) * k).toBeLessThan(limits.answersTogether);
  expect(searched(asked)).toBe(sampled);
});

test("what is right for one hit is found in the answers that were searched for ten", async () => {
  const { neighbours, asked } = coded(rightFirst);
  const [one, ten] = await RecallQueries.of(neighbours, sample, [1, 10], context);
  expect(await ten.foresee({ nprobes: 3 }, [2], sampled)).toMatchObject([{ recall: 1 }]);
  asked.length = 0;
  expect(await one.foresee({ nprobes: 3 }, [20], sampled)).toMatchObject([{ recall: 1, queries: sampled }]);
  expect(asked).toEqual([]);
});
