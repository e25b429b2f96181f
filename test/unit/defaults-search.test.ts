import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import type { SearchDefaults } from "../../lib/domain/index/index-entry.ts";
import { DefaultsSearch, reaches } from "../../lib/domain/recall/defaults-search.ts";
import { refined } from "../../lib/domain/search/defaults-at-k.ts";
import { type Model, misleading, modelledIndex } from "../support/modelled-index.ts";

const [target, error] = [0.95, 0.005];
const refines = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const widthsTo = (most: number) => Array.from({ length: most }, (_, i) => ({ nprobes: i + 1 }));
const graphs = [16, 24, 32, 48, 64].map((ef) => ({ ef }));

const ascending = fc
  .uniqueArray(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 40 })
  .map((all) => all.toSorted((a, b) => a - b).map((nprobes) => ({ nprobes })));

/** Recall that grows with the width and the refine factor, and times that do. */
const model = fc
  .record({
    ...{
      base: fc.double({ min: 0.3, max: 0.96, noNaN: true }),
      byWidth: fc.double({ max: 0.1, min: 0, noNaN: true }),
    },
    ...{
      byRefine: fc.double({ min: 0, max: 0.1, noNaN: true }),
      once: fc.double({ min: 0, max: 5, noNaN: true }),
    },
    ...{
      perWidth: fc.double({ min: 0.01, max: 1, noNaN: true }),
      perRefine: fc.double({ min: 0, max: 3, noNaN: true }),
    },
  })
  .map(
    ({ base, byWidth, byRefine, once, perWidth, perRefine }): Model => ({
      recall: ({ nprobes = 1, refineFactor = 1 }) =>
        Math.min(1, base + byWidth * Math.log2(nprobes) + byRefine * Math.log2(refineFactor)),
      ms: ({ nprobes = 1, refineFactor = 1 }) => once + perWidth * nprobes + perRefine * (refineFactor - 1),
      error,
    }),
  );

/** What is to be found, by trying all of it: for every refine factor the least width, and larger ones while they pay. */
function byTrying(widths: SearchDefaults[], { recall, ms = () => 0 }: Model): SearchDefaults | undefined {
  const least = refines.flatMap((refine) => {
    const width = widths.find((one) =>
      reaches({ settings: {}, recall: recall(refined(one, refine)), error, queries: 100 }, target),
    );
    return width ? [refined(width, refine)] : [];
  });
  let [best, ...others] = least;
  for (const other of others) {
    const share = best?.refineFactor ? 1 : limits.refiningTakes;
    if (!best || ms(other) >= ms(best) * share) break;
    best = other;
  }
  return best;
}

test("the fastest settings that reach the target are found as by trying all, larger factors while they pay", async () => {
  await fc.assert(
    fc.asyncProperty(ascending, model, async (widths, given) => {
      const { found, unrefined } = await new DefaultsSearch(modelledIndex(given), target, widths).reaching(
        refines,
      );
      const best = byTrying(widths, given);
      expect(found?.settings).toEqual(best);
      const plain = widths.findIndex((one) => given.recall(one) >= Math.min(1, target + 2 * error));
      expect(unrefined).toEqual(best && plain >= 0 ? { rung: plain, refine: 1 } : undefined);
    }),
    { numRuns: 500 },
  );
});

test.each([
  ["disagree", { recall: 0.93, error: 0.02 }],
  ["agree, and are few", { recall: 0.94, error: 0 }],
])("what some questions leave open is asked of twice as many, up to all: they %s", async (_, seen) => {
  const index = modelledIndex({ recall: ({ nprobes = 0 }) => (nprobes >= 18 ? 0.99 : 0.6) });
  const doubtful = misleading(index, 99, ({ nprobes = 0 }) => (nprobes >= 18 ? seen : {}));
  const { found } = await new DefaultsSearch(doubtful, target, widthsTo(20)).reaching([1]);
  expect(found?.settings).toEqual({ nprobes: 18 });
  const asked = index.foreseen.filter(({ width }) => width.nprobes === 20).map(({ queries }) => queries);
  expect(asked).toEqual([25, 50, 100]);
  const clear = index.foreseen.filter(({ width }) => (width.nprobes ?? 0) < 18);
  expect(new Set(clear.map(({ queries }) => queries))).toEqual(new Set([25]));
});

test.each([
  [10, 10],
  [60, 60],
  [400, limits.recallQueries],
])("of %i questions %i at most are asked to choose, and all to confirm", async (length, most) => {
  const given = {
    recall: ({ nprobes = 0 }: SearchDefaults) => (nprobes >= 3 ? 0.99 : 0.6),
    error: 0,
    length,
  };
  const index = modelledIndex(given);
  const doubtful = misleading(index, most - 1, () => ({ recall: 0.94, error: 0.02 }));
  const { found } = await new DefaultsSearch(doubtful, target, widthsTo(5)).reaching([1]);
  expect(found).toMatchObject({ settings: { nprobes: 3 }, queries: length });
  expect(Math.max(...index.foreseen.map(({ queries }) => queries))).toBe(most);
  const never = modelledIndex({ ...given, recall: () => 0.5 });
  const best = await new DefaultsSearch(never, target, widthsTo(5)).best([1, 2]);
  expect(best).toMatchObject({ settings: { nprobes: 5 }, queries: length });
  expect(never.foreseen.map(({ queries }) => queries)).toEqual([most]);
});

test("factors above the usual are searched for only where none of these reaches the target", async () => {
  const asked = async (least: number) => {
    const index = modelledIndex({
      recall: ({ nprobes = 0, refineFactor = 1 }) => (refineFactor >= least ? 0.8 + nprobes / 100 : 0.6),
    });
    await new DefaultsSearch(index, target, widthsTo(20)).reaching(refines);
    return Math.max(...index.foreseen.flatMap((one) => one.refines));
  };
  const usual = limits.usualRefineFactor;
  expect(await asked(1)).toBe(usual);
  expect(await asked(usual / 2)).toBe(usual);
  expect(await asked(2 * usual)).toBe(256);
});

test("for a width a factor is foreseen with the next, for which that is asked as well", async () => {
  const index = modelledIndex({
    recall: ({ nprobes = 0, refineFactor = 1 }) => 0.5 + (nprobes * refineFactor) / 100,
    ms: ({ nprobes = 0 }) => nprobes,
  });
  const search = new DefaultsSearch(index, target, widthsTo(60));
  expect((await search.reaching([1, 2, 4, 8])).found?.settings).toEqual({ nprobes: 6, refineFactor: 8 });
  const together = new Set(index.foreseen.map((one) => one.refines.join(" ")));
  expect([...together]).toEqual(["1 2 4 8", "1 2", "2 4", "4 8", "8"]);
});

test("a graph is asked for no more candidates than it keeps", async () => {
  const index = modelledIndex({
    recall: ({ refineFactor = 1 }) => (refineFactor >= 4 ? 0.99 : 0.6),
    k: 8,
  });
  const { found } = await new DefaultsSearch(index, target, graphs).reaching(refines);
  expect(found?.settings).toEqual({ ef: 32, refineFactor: 4 });
  for (const { width, refines } of index.foreseen)
    expect(Math.max(...refines) * index.k).toBeLessThanOrEqual(width.ef ?? 0);
});

test("a target is reached with two standard errors to spare, one of 1 with none", () => {
  const measured = (recall: number) => ({ settings: {}, recall, error: 0.01, queries: 100 });
  expect(reaches(measured(0.9701), 0.95)).toBe(true);
  expect(reaches(measured(0.9699), 0.95)).toBe(false);
  expect(reaches(measured(0.95), 0.95, 0)).toBe(true);
  expect(reaches(measured(1), 1)).toBe(true);
  expect(reaches(measured(0.9999), 0.99)).toBe(false);
  expect(reaches(measured(1), 0.99)).toBe(true);
});
