import { expect, test } from "vitest";
import {
  chooseSearchDefaults,
  type Measurement,
  recallOf,
  summarise,
  widenForFilter,
} from "../../lib/domain/choose-search-defaults.ts";
import type { SearchDefaults } from "../../lib/domain/index-entry.ts";
import type { IndexPlan } from "../../lib/domain/plan-index.ts";

const queries = 100;
const ivf: IndexPlan = { type: "IVF_PQ", parameters: { numPartitions: 100 }, reasons: [] };

/** An index whose recall and time follow from the settings; what was measured on how many queries is kept. */
function index(recall: (settings: SearchDefaults) => number, ms = costOf, error = 0.005) {
  const asked: { settings: SearchDefaults; queries: number }[] = [];
  const measure = async (settings: SearchDefaults, some: number): Promise<Measurement> => {
    asked.push({ settings, queries: some });
    const spread = error * Math.sqrt(queries / some);
    return { settings, recall: recall(settings), error: spread, ms: ms(settings), queries: some };
  };
  return { measure, asked };
}

const costOf = ({ nprobes = 0, refineFactor = 1, ef = 0 }: SearchDefaults) =>
  1 + nprobes / 10 + refineFactor / 4 + ef / 100;

test("the fewest partitions that reach the target are chosen when refining does not pay", async () => {
  const { measure } = index(({ nprobes = 0 }) => Math.min(1, 0.8 + nprobes / 100));
  const { choice, reached } = await chooseSearchDefaults(ivf, 0.95, measure, queries);
  expect(reached).toBe(true);
  expect(choice).toMatchObject({ settings: { nprobes: 18 }, queries });
});

/** @param gain in recall of twice the refine factor */
const refiningRecall =
  (gain: number) =>
  ({ nprobes = 0, refineFactor = 1 }: SearchDefaults) =>
    Math.min(0.92 + nprobes / 900, 0.7 + gain * Math.log2(refineFactor) + nprobes / 300);

test.each([
  ["much faster than more partitions", 0.15, { nprobes: 40, refineFactor: 2 }],
  ["needed for a few partitions fewer: not chosen, since a store makes it slow", 0.08, { nprobes: 84 }],
])("refining is %s", async (_, gain, settings) => {
  const { choice, reached } = await chooseSearchDefaults(
    ivf,
    0.95,
    index(refiningRecall(gain)).measure,
    queries,
  );
  expect(reached).toBe(true);
  expect(choice.settings).toEqual(settings);
});

test("beside a choice that refines the fastest that does not is told, where it reaches the target", async () => {
  const found = await chooseSearchDefaults(ivf, 0.95, index(refiningRecall(0.15)).measure, queries);
  expect(found.choice.settings).toEqual({ nprobes: 40, refineFactor: 2 });
  expect(found.unrefined).toMatchObject({ settings: { nprobes: 84 }, queries });
  expect(found.unrefined?.recall).toBeGreaterThanOrEqual(0.95);
});

test.each([
  ["the choice itself", ({ nprobes = 0 }: SearchDefaults) => Math.min(1, 0.8 + nprobes / 100)],
  ["short of the target", ({ refineFactor = 1 }: SearchDefaults) => 0.8 + refineFactor / 50],
])("nothing is told beside it where the fastest without refining is %s", async (_, recall) => {
  const found = await chooseSearchDefaults(ivf, 0.95, index(recall).measure, queries);
  expect(found).toMatchObject({ reached: true });
  expect(found).not.toHaveProperty("unrefined");
});

test("codes too coarse without refining get refined", async () => {
  const { measure } = index(({ refineFactor = 1 }) => (refineFactor >= 8 ? 0.99 : 0.6));
  const { choice } = await chooseSearchDefaults(ivf, 0.95, measure, queries);
  expect(choice.settings).toEqual({ nprobes: 1, refineFactor: 8 });
});

test("two standard errors are to spare", async () => {
  const { measure } = index(({ nprobes = 0 }) => (nprobes >= 40 ? 0.97 : 0.955), costOf, 0.01);
  const { choice } = await chooseSearchDefaults(ivf, 0.95, measure, queries);
  expect(choice.settings).toEqual({ nprobes: 40 });
});

test("what few queries flatter is refused by all of them, and the next rung is taken", async () => {
  const flattered: typeof measured.measure = async (settings, some) => {
    const found = await measured.measure(settings, some);
    return some < queries && settings.nprobes === 18 ? { ...found, recall: 1, error: 0 } : found;
  };
  const measured = index(({ nprobes = 0 }) => (nprobes >= 20 ? 0.99 : 0.9));
  const { choice } = await chooseSearchDefaults(ivf, 0.95, flattered, queries);
  expect(choice).toMatchObject({ settings: { nprobes: 22 }, recall: 0.99 });
});

test("when nothing reaches the target the best that was seen is named, on all queries", async () => {
  const { measure } = index(({ refineFactor = 1 }) => (refineFactor === 4 ? 0.8 : 0.7));
  const { choice, reached } = await chooseSearchDefaults(ivf, 0.95, measure, queries);
  expect(reached).toBe(false);
  expect(choice).toMatchObject({ settings: { nprobes: 100, refineFactor: 4 }, queries });
});

test("a target of 1 can be reached", async () => {
  const { measure } = index(({ nprobes = 0 }) => (nprobes === 100 ? 1 : 0.99));
  const { choice, reached } = await chooseSearchDefaults(ivf, 1, measure, queries);
  expect(reached).toBe(true);
  expect(choice.settings).toEqual({ nprobes: 100 });
});

test("for a filter the defaults are widened as far as the target needs, and refined alike", async () => {
  const { measure, asked } = index(({ nprobes = 0 }) => 0.9 + nprobes / 1_000);
  const widened = await widenForFilter(ivf, { nprobes: 20, refineFactor: 2 }, 0.95, measure, queries);
  expect(widened).toMatchObject({ settings: { nprobes: 65, refineFactor: 2 }, queries });
  expect(asked.every(({ settings }) => (settings.nprobes ?? 0) >= 20)).toBe(true);
});

test("for a filter defaults that are enough stay as they are", async () => {
  const { measure } = index(() => 0.99);
  const widened = await widenForFilter(ivf, { nprobes: 20 }, 0.95, measure, queries);
  expect(widened.settings).toEqual({ nprobes: 20 });
});

test("for a filter everything is searched where nothing reaches the target", async () => {
  const { measure } = index(({ nprobes = 0 }) => nprobes / 120);
  const widened = await widenForFilter(ivf, { nprobes: 20 }, 0.95, measure, queries);
  expect(widened).toMatchObject({ settings: { nprobes: 100 }, queries });
});

test("for a filter HNSW_SQ keeps more candidates", async () => {
  const plan: IndexPlan = { type: "HNSW_SQ", parameters: { numPartitions: 1 }, reasons: [] };
  const { measure } = index(({ ef = 0 }) => 0.8 + ef / 2_000);
  const widened = await widenForFilter(plan, { ef: 64 }, 0.95, measure, queries);
  expect(widened.settings).toEqual({ ef: 384 });
});

test("HNSW_SQ is tuned by its candidates", async () => {
  const { measure } = index(({ ef = 0 }) => 0.8 + ef / 1_000);
  const plan: IndexPlan = { type: "HNSW_SQ", parameters: { numPartitions: 1 }, reasons: [] };
  const { choice } = await chooseSearchDefaults(plan, 0.95, measure, queries);
  expect(choice.settings).toEqual({ ef: 192 });
});

test("IVF_FLAT is never refined: its distances are exact", async () => {
  const { measure, asked } = index(({ nprobes = 0 }) => 0.5 + nprobes / 200);
  const plan: IndexPlan = { ...ivf, type: "IVF_FLAT" };
  const { choice } = await chooseSearchDefaults(plan, 0.95, measure, queries);
  expect(choice.settings).toEqual({ nprobes: 100 });
  expect(asked.some(({ settings }) => settings.refineFactor)).toBe(false);
});

test("an index served exactly has nothing to choose", async () => {
  const { measure, asked } = index(() => 1);
  const plan: IndexPlan = { type: "EXACT", parameters: {}, reasons: [] };
  expect(await chooseSearchDefaults(plan, 0.95, measure, queries)).toMatchObject({
    choice: { settings: {} },
    reached: true,
  });
  expect(asked).toHaveLength(1);
});

test("one partition is enough to choose from", async () => {
  const { measure } = index(() => 0.99);
  const plan: IndexPlan = { ...ivf, parameters: { numPartitions: 1 } };
  const { choice } = await chooseSearchDefaults(plan, 0.95, measure, queries);
  expect(choice.settings).toEqual({ nprobes: 1 });
});

test("a refine factor too slow at any width is given up after a few searches", async () => {
  const slow = ({ nprobes = 0, refineFactor = 1 }: SearchDefaults) =>
    1 + nprobes / 100 + 5 * (refineFactor - 1);
  const { measure, asked } = index(({ nprobes = 0 }) => 0.8 + nprobes / 200, slow);
  const { choice } = await chooseSearchDefaults(ivf, 0.95, measure, queries);
  expect(choice.settings).toEqual({ nprobes: 33 });
  expect(
    new Set(asked.filter(({ settings }) => settings.refineFactor).map(({ settings }) => settings.nprobes))
      .size,
  ).toBe(2);
});

test("clear cases cost few queries, and nothing is measured twice on the same ones", async () => {
  const recall = ({ nprobes = 0, refineFactor = 1 }: SearchDefaults) =>
    Math.min(nprobes >= 14 ? 0.99 : 0.8, refineFactor >= 4 ? 0.99 : 0.8);
  const { measure, asked } = index(recall);
  await chooseSearchDefaults(ivf, 0.95, measure, queries);
  const keys = asked.map((one) => JSON.stringify(one));
  expect(new Set(keys).size).toBe(keys.length);
  const searches = asked.reduce((sum, one) => sum + one.queries, 0);
  expect(searches).toBeLessThan(5 * queries);
});

test("a measure that always uses every query is asked once a setting", async () => {
  const { measure, asked } = index(({ nprobes = 0 }) => 0.9 + nprobes / 1_000);
  const all: typeof measure = (settings) => measure(settings, queries);
  await chooseSearchDefaults(ivf, 0.95, all, queries);
  const settings = asked.map((one) => JSON.stringify(one.settings));
  expect(new Set(settings).size).toBe(settings.length);
});

test("recall counts neighbours as near as the k-th, and no more than k of them", () => {
  expect(recallOf(["a", "b"], ["b", "c"])).toBe(0.5);
  expect(recallOf(["a", "b", "tied"], ["a", "tied", "b"], 2)).toBe(1);
  expect(recallOf(["a", "b", "tied"], ["x", "y", "a"], 2)).toBe(0);
  expect(recallOf(["a"], ["a", "b"], 10)).toBe(1);
  expect(recallOf([], ["a"], 10)).toBe(1);
});

test("a summary has the mean, its standard error and the median time", () => {
  const { recall, error, ms, queries: counted } = summarise({}, [1, 0.5, 1, 0.5], [4, 1, 3, 2]);
  expect([recall, ms, counted]).toEqual([0.75, 3, 4]);
  expect(error).toBeCloseTo(0.1443, 4);
});
