import { expect, test } from "vitest";
import type { SearchDefaults } from "../../lib/domain/index/index-entry.ts";
import type { IndexPlan } from "../../lib/domain/plan/plan-index.ts";
import {
  chooseSearchDefaults,
  widenForFewer,
  widenForFilter,
  widenForMore,
} from "../../lib/domain/recall/choose-search-defaults.ts";
import { type Model, misleading, modelledIndex } from "../support/modelled-index.ts";

const sampled = 100;
const ivf: IndexPlan = { type: "IVF_PQ", parameters: { numPartitions: 100 }, reasons: [] };

/** An index whose recall and time follow from the settings. */
const index = (recall: Model["recall"], ms?: Model["ms"], error?: number) =>
  modelledIndex({ recall, ms, error, length: sampled });

test("the fewest partitions that reach the target are chosen when refining does not pay", async () => {
  const queries = index(({ nprobes = 0 }) => Math.min(1, 0.8 + nprobes / 100));
  const { choice, reached } = await chooseSearchDefaults(ivf, 0.95, queries, true);
  expect(reached).toBe(true);
  expect(choice).toMatchObject({ settings: { nprobes: 18 }, queries: sampled });
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
  const { choice, reached } = await chooseSearchDefaults(ivf, 0.95, index(refiningRecall(gain)), true);
  expect(reached).toBe(true);
  expect(choice.settings).toEqual(settings);
});

test("beside a choice that refines the fastest that does not is told, where it reaches the target", async () => {
  const found = await chooseSearchDefaults(ivf, 0.95, index(refiningRecall(0.15)), true);
  expect(found.choice.settings).toEqual({ nprobes: 40, refineFactor: 2 });
  expect(found.unrefined).toMatchObject({ settings: { nprobes: 84 }, queries: sampled });
  expect(found.unrefined?.recall).toBeGreaterThanOrEqual(0.95);
});

test.each([
  ["the choice itself", ({ nprobes = 0 }: SearchDefaults) => Math.min(1, 0.8 + nprobes / 100)],
  ["short of the target", ({ refineFactor = 1 }: SearchDefaults) => 0.8 + refineFactor / 50],
])("nothing is told beside it where the fastest without refining is %s", async (_, recall) => {
  const found = await chooseSearchDefaults(ivf, 0.95, index(recall), true);
  expect(found).toMatchObject({ reached: true });
  expect(found).not.toHaveProperty("unrefined");
});

test("codes too coarse without refining get refined", async () => {
  const queries = index(({ refineFactor = 1 }) => (refineFactor >= 8 ? 0.99 : 0.6));
  const { choice } = await chooseSearchDefaults(ivf, 0.95, queries, true);
  expect(choice.settings).toEqual({ nprobes: 1, refineFactor: 8 });
});

test("two standard errors are to spare", async () => {
  const queries = index(({ nprobes = 0 }) => (nprobes >= 40 ? 0.97 : 0.955), undefined, 0.01);
  const { choice } = await chooseSearchDefaults(ivf, 0.95, queries, true);
  expect(choice.settings).toEqual({ nprobes: 40 });
});

test("what few queries flatter is refused by all of them, and the next rung is taken", async () => {
  const queries = index(({ nprobes = 0 }) => (nprobes >= 20 ? 0.99 : 0.9));
  const flattered = misleading(queries, sampled, ({ nprobes }) =>
    nprobes === 18 ? { recall: 1, error: 0 } : {},
  );
  const { choice } = await chooseSearchDefaults(ivf, 0.95, flattered, true);
  expect(choice).toMatchObject({ settings: { nprobes: 22 }, recall: 0.99 });
  expect(queries.measured.map(({ settings }) => settings.nprobes)).toEqual([18, 22]);
  const onAll = queries.foreseen.filter((one) => one.queries === sampled);
  expect(onAll.map(({ width }) => width.nprobes)).toEqual([22]);
});

test("what all queries do not bear out at any width is refined more", async () => {
  const queries = index(({ refineFactor = 1 }) => (refineFactor >= 8 ? 0.99 : 0.9));
  const flattered = misleading(queries, sampled - 1, ({ refineFactor = 1 }) =>
    refineFactor >= 2 ? { recall: 1, error: 0 } : {},
  );
  const { choice, reached } = await chooseSearchDefaults(ivf, 0.95, flattered, true);
  expect(reached).toBe(true);
  expect(choice).toMatchObject({ settings: { nprobes: 1, refineFactor: 8 }, recall: 0.99 });
  expect(queries.measured).toHaveLength(1);
});

test("when nothing reaches the target the best that was seen is named, on all queries", async () => {
  const queries = index(({ refineFactor = 1 }) => (refineFactor === 4 ? 0.8 : 0.7));
  const { choice, reached } = await chooseSearchDefaults(ivf, 0.95, queries, true);
  expect(reached).toBe(false);
  expect(choice).toMatchObject({ settings: { nprobes: 100, refineFactor: 4 }, queries: sampled });
});

test("when nothing reaches the target and refining finds no more, nothing is refined", async () => {
  const { choice } = await chooseSearchDefaults(
    ivf,
    0.95,
    index(() => 0.7),
    true,
  );
  expect(choice.settings).toEqual({ nprobes: 100 });
});

test("a target of 1 can be reached", async () => {
  const queries = index(({ nprobes = 0 }) => (nprobes === 100 ? 1 : 0.99));
  const { choice, reached } = await chooseSearchDefaults(ivf, 1, queries, true);
  expect(reached).toBe(true);
  expect(choice.settings).toEqual({ nprobes: 100 });
});

test("for a filter the defaults are widened as far as the target needs, and refined alike", async () => {
  const queries = index(({ nprobes = 0 }) => 0.9 + nprobes / 1_000);
  const widened = await widenForFilter(ivf, { nprobes: 20, refineFactor: 2 }, 0.95, queries);
  expect(widened).toMatchObject({ settings: { nprobes: 65, refineFactor: 2 }, queries: sampled });
  expect(queries.foreseen.every(({ width }) => (width.nprobes ?? 0) >= 20)).toBe(true);
});

test("for a filter defaults that are enough stay as they are", async () => {
  const queries = index(() => 0.99);
  const widened = await widenForFilter(ivf, { nprobes: 20 }, 0.95, queries);
  expect(widened.settings).toEqual({ nprobes: 20 });
});

test("for a filter everything is searched where nothing reaches the target", async () => {
  const queries = index(({ nprobes = 0 }) => nprobes / 120);
  const widened = await widenForFilter(ivf, { nprobes: 20 }, 0.95, queries);
  expect(widened).toMatchObject({ settings: { nprobes: 100 }, queries: sampled });
});

test("for a filter HNSW_SQ keeps more candidates", async () => {
  const plan: IndexPlan = { type: "HNSW_SQ", parameters: { numPartitions: 1 }, reasons: [] };
  const queries = index(({ ef = 0 }) => 0.8 + ef / 2_000);
  const widened = await widenForFilter(plan, { ef: 64 }, 0.95, queries);
  expect(widened.settings).toEqual({ ef: 384 });
  expect(queries.foreseen.every(({ width }) => (width.ef ?? 0) >= 64)).toBe(true);
  const enough = await widenForFilter(
    plan,
    { ef: 64 },
    0.95,
    index(() => 0.99),
  );
  expect(enough.settings).toEqual({ ef: 64 });
});

test("HNSW_SQ is tuned by its candidates", async () => {
  const queries = index(({ ef = 0 }) => 0.8 + ef / 1_000);
  const plan: IndexPlan = { type: "HNSW_SQ", parameters: { numPartitions: 1 }, reasons: [] };
  const { choice } = await chooseSearchDefaults(plan, 0.95, queries, true);
  expect(choice.settings).toEqual({ ef: 192 });
});

test("IVF_FLAT is never refined: its distances are exact", async () => {
  const queries = index(({ nprobes = 0 }) => 0.5 + nprobes / 200);
  const plan: IndexPlan = { ...ivf, type: "IVF_FLAT" };
  const { choice } = await chooseSearchDefaults(plan, 0.95, queries, true);
  expect(choice.settings).toEqual({ nprobes: 100 });
  expect(queries.foreseen.every(({ refines }) => refines.every((refine) => refine === 1))).toBe(true);
});

test("an index served exactly has nothing to choose", async () => {
  const queries = index(() => 1);
  const plan: IndexPlan = { type: "EXACT", parameters: {}, reasons: [] };
  expect(await chooseSearchDefaults(plan, 0.95, queries, true)).toMatchObject({
    choice: { settings: {} },
    reached: true,
  });
  expect(queries.measured).toEqual([{ settings: {}, queries: sampled }]);
  expect(queries.foreseen).toEqual([]);
});

test("one partition is enough to choose from", async () => {
  const queries = index(() => 0.99);
  const plan: IndexPlan = { ...ivf, parameters: { numPartitions: 1 } };
  const { choice } = await chooseSearchDefaults(plan, 0.95, queries, true);
  expect(choice.settings).toEqual({ nprobes: 1 });
});

test("a refine factor too slow at any width is given up when that is seen", async () => {
  const slow = ({ nprobes = 0, refineFactor = 1 }: SearchDefaults) =>
    1 + nprobes / 100 + 5 * (refineFactor - 1);
  const fewer = ({ nprobes = 0, refineFactor = 1 }: SearchDefaults) => 0.8 + (nprobes * refineFactor) / 200;
  const queries = index(fewer, slow);
  const { choice } = await chooseSearchDefaults(ivf, 0.95, queries, true);
  expect(choice.settings).toEqual({ nprobes: 33 });
  expect(queries.timed).toEqual([{ nprobes: 33 }, { nprobes: 18, refineFactor: 2 }]);
});

test("a refine factor that needs nearly as much width is not even timed", async () => {
  const queries = index(({ nprobes = 0 }) => 0.8 + nprobes / 200);
  const { choice } = await chooseSearchDefaults(ivf, 0.95, queries, true);
  expect(choice.settings).toEqual({ nprobes: 33 });
  expect(queries.timed).toEqual([]);
});

test("clear cases cost few queries", async () => {
  const recall = ({ nprobes = 0, refineFactor = 1 }: SearchDefaults) =>
    Math.min(nprobes >= 14 ? 0.99 : 0.8, refineFactor >= 4 ? 0.99 : 0.8);
  const queries = index(recall);
  await chooseSearchDefaults(ivf, 0.95, queries, true);
  const onAll = [...queries.foreseen, ...queries.measured].filter((one) => one.queries === sampled);
  expect(onAll.length).toBeLessThan(4);
});

test("more hits are refined as little as reaches the target, with no fewer candidates than ten have", async () => {
  const ten = (refineFactor: number) => ({ nprobes: 20, refineFactor });
  const twice = index(({ refineFactor = 1 }) => (refineFactor >= 2 ? 0.99 : 0.6));
  expect((await widenForMore(ivf, ten(8), 0.95, twice)).settings).toEqual(ten(2));
  const any = index(() => 0.99);
  expect((await widenForMore(ivf, ten(64), 0.95, any)).settings).toEqual(ten(8));
  expect((await widenForMore(ivf, ten(16), 0.95, any)).settings).toEqual(ten(2));
  expect((await widenForMore(ivf, { nprobes: 20 }, 0.95, any)).settings).toEqual({ nprobes: 20 });
  const short = index(({ nprobes = 0, refineFactor = 1 }) => (nprobes + refineFactor) / 200);
  expect((await widenForMore(ivf, ten(8), 0.95, short)).settings).toEqual({ nprobes: 100, refineFactor: 8 });
});

test("fewer hits are found as they are where that reaches the target, without errors to spare, else wider", async () => {
  const ten = { nprobes: 20, refineFactor: 8 };
  const enough = index(() => 0.95, undefined, 0.02);
  expect((await widenForFewer(ivf, ten, 0.95, enough)).settings).toEqual(ten);
  expect([enough.measured.length, enough.foreseen.length]).toEqual([1, 0]);
  const more = index(({ nprobes = 0 }) => nprobes / 100, undefined, 0.02);
  expect((await widenForFewer(ivf, ten, 0.95, more)).settings).toEqual({ nprobes: 97, refineFactor: 8 });
  const never = index(({ nprobes = 0 }) => nprobes / 200);
  expect((await widenForFewer(ivf, ten, 0.95, never)).settings).toEqual({ nprobes: 100, refineFactor: 8 });
});
