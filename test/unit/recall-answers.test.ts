import { afterEach, expect, test, vi } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import type { SearchDefaults } from "../../lib/domain/index/index-entry.ts";
import { selvesOf } from "../../lib/domain/recall/kept-answers.ts";
import type { Asked, Nearest, Neighbours } from "../../lib/domain/recall/recall-probe.ts";
import { RecallQueries } from "../../lib/domain/recall/recall-queries.ts";

const context = { signal: new AbortController().signal, remainingMs: () => Number.POSITIVE_INFINITY };

/** Rows at 0, 1, 2, … on a line, by their distance to a place; of two that are as far away the smaller is first. */
function nearestOf(place: number, rows: number[]): number[] {
  return rows.toSorted((a, b) => Math.abs(a - place) - Math.abs(b - place) || a - b);
}

/** @param misses rows that no search finds, by how many partitions it looks into */
function line(rows: number, misses: (row: number, nprobes: number) => boolean = () => false) {
  const all = Array.from({ length: rows }, (_, i) => i);
  const searches: { asked: Asked[]; k: number; settings: SearchDefaults }[] = [];
  const neighbours: Neighbours = {
    exact: async (vectors, ks) =>
      vectors.map(([place = 0]) => ks.map((k) => ({ ids: nearestOf(place, all).slice(0, k).map(String) }))),
    async approximate(asked, k, settings) {
      searches.push({ asked, k, settings });
      const found = all.filter((row) => !misses(row, settings.nprobes ?? 1));
      return asked.map(({ vector: [place = 0] }) => nearestOf(place, found).slice(0, k).map(String));
    },
  };
  return { neighbours, searches };
}

const rowAt = (place: number) => ({ id: String(place), vector: Float32Array.of(place) });
const beside = (place: number) => ({ id: null, vector: Float32Array.of(place + 0.25) });

test("a row finds itself, which is neither counted nor takes the place of a neighbour", async () => {
  const { neighbours, searches } = line(100, (row) => row % 10 === 3);
  const [four] = await RecallQueries.of(neighbours, [rowAt(50), rowAt(25)], [4], context);
  // of 48 49 51 52 all are found, of 23 24 26 27 all but 23
  expect(await four.measure({ nprobes: 1 }, 2)).toMatchObject({ recall: (1 + 0.75) / 2, queries: 2 });
  expect(searches.map(({ k }) => k)).toEqual([5, 5]);
  expect(searches.flatMap(({ asked }) => asked.map(({ vector }) => vector[0]))).toEqual([50, 25]);
});

test("a question that is no row is asked for no more than its neighbours", async () => {
  const { neighbours, searches } = line(100, (row) => row === 51);
  const [four] = await RecallQueries.of(neighbours, [beside(50)], [4], context);
  expect(await four.measure({ nprobes: 1 }, 1)).toMatchObject({ recall: 0.75 });
  expect(searches.map(({ k }) => k)).toEqual([4]);
  expect([selvesOf(rowAt(1)), selvesOf(beside(1)), selvesOf(undefined)]).toEqual([1, 0, 0]);
});

test("where the table has fewer rows than are asked for, all of them are all there is to find", async () => {
  const { neighbours } = line(3, (row, nprobes) => row === 2 && nprobes < 2);
  const [ten] = await RecallQueries.of(neighbours, [rowAt(0)], [10], context);
  expect(await ten.measure({ nprobes: 1 }, 1)).toMatchObject({ recall: 0.5 });
  expect(await ten.measure({ nprobes: 2 }, 1)).toMatchObject({ recall: 1 });
  const [alone] = await RecallQueries.of(line(1).neighbours, [rowAt(0)], [10], context);
  expect(await alone.measure({}, 1)).toMatchObject({ recall: 1 });
});

/** Answers each question with these, the farther of them as null where it is asked for none so far away. */
function answering(exact: Nearest[], ids: (string | null)[]) {
  const within: (number | undefined)[] = [];
  const neighbours: Neighbours = {
    exact: async (vectors) => vectors.map(() => exact),
    approximate: async (asked, k) => {
      within.push(...asked.map((one) => one.within));
      return asked.map(() => ids.slice(0, k));
    },
  };
  return { neighbours, within };
}

test("of too many equal rows each is right that is near enough, and k of them are all", async () => {
  const { neighbours, within } = answering([{ ids: ["a", "b"], within: 0.5 }], ["x", null, "y", "z", null]);
  const [two] = await RecallQueries.of(neighbours, [beside(0)], [2], context);
  const shares = await two.foresee({ nprobes: 1 }, [1, 2], 1);
  expect(shares.map(({ recall }) => recall)).toEqual([0.5, 1]);
  expect(within).toEqual([0.5]);
});

test("a row among too many that are equal to it is still no answer to itself", async () => {
  const { neighbours } = answering([{ ids: ["0", "b"], within: 0 }], ["0", "x", null]);
  const [two] = await RecallQueries.of(neighbours, [rowAt(0)], [2], context);
  expect(await two.measure({ nprobes: 1 }, 1)).toMatchObject({ recall: 0.5 });
});

test("for one hit ties are its own: they are not found in the answers for more", async () => {
  const exact: Nearest[] = [{ ids: ["a"], within: 0.5 }, { ids: ["a", "b"] }];
  const { neighbours, within } = answering(exact, ["x", "a", "b"]);
  const mixed: Neighbours = {
    ...neighbours,
    exact: async (vectors) =>
      vectors.map(([place = 0]) => (place < 1 ? exact : [{ ids: ["a"] }, { ids: ["a", "b"] }])),
  };
  const [one, two] = await RecallQueries.of(mixed, [beside(0), beside(1)], [1, 2], context);
  expect(await one.measure({ nprobes: 1 }, 2)).toMatchObject({ recall: 0.5 });
  expect(within.splice(0)).toEqual([0.5, undefined]);
  expect(await two.measure({ nprobes: 1 }, 2)).toMatchObject({ recall: 0.5 });
  expect(within).toEqual([undefined, undefined]);
});

test("one search tells what each refine factor would find, for one hit as for ten", async () => {
  const { neighbours, searches } = line(100, (row, nprobes) => nprobes < 2 && row % 2 === 0);
  const shifted: Neighbours = {
    ...neighbours,
    approximate: async (asked, k, settings) =>
      (await neighbours.approximate(asked, k, settings)).map(([first = "", second = "", ...others]) => [
        ...[second, first],
        ...others,
      ]),
  };
  const [one, ten] = await RecallQueries.of(shifted, [beside(51)], [1, 10], context);
  const shares = await ten.foresee({ nprobes: 1 }, [1, 2], 1);
  // of 46 to 56 only odd ones are found: 47 to 55 among ten
  expect(shares.map(({ recall, settings }) => [recall, settings.refineFactor])).toEqual([
    [0.5, undefined],
    [0.5, 2],
  ]);
  expect(searches.map(({ k }) => k)).toEqual([20]);
  // 51 is the second that is found
  expect((await one.foresee({ nprobes: 1 }, [1, 2, 20], 1)).map(({ recall }) => recall)).toEqual([0, 1, 1]);
  expect(searches).toHaveLength(1);
});

test("some of the questions are as if no others had been asked", async () => {
  const { neighbours, searches } = line(100, (row) => row === 20);
  const [two] = await RecallQueries.of(neighbours, [beside(50), beside(60), beside(20)], [2], context);
  expect(await two.measure({ nprobes: 1 }, 3)).toMatchObject({ queries: 3 });
  const asked = searches.length;
  const some = two.first(2);
  expect([some.length, some.k, two.length]).toEqual([2, 2, 3]);
  expect(await some.measure({ nprobes: 1 }, 3)).toMatchObject({ recall: 1, queries: 2 });
  expect(searches).toHaveLength(asked);
});

test("questions whose answers hold a row are left out, and the others answered as before", async () => {
  const { neighbours } = line(100, (row) => row === 61);
  const places = [50, 60, 70, 80];
  const [two] = await RecallQueries.of(neighbours, places.map(beside), [2], context);
  const left = two.withoutThoseThatFind(["51", "99", null, "80"]);
  expect([left.length, left.k]).toEqual([2, 2]);
  expect(await left.measure({ nprobes: 1 }, 2)).toMatchObject({ recall: 0.75, queries: 2 });
});

test("of a row as many candidates are compared as of a question that is none", async () => {
  const { neighbours, searches } = line(400);
  const refines = async (sample: ReturnType<typeof rowAt | typeof beside>, refineFactor: number) => {
    searches.length = 0;
    const [ten] = await RecallQueries.of(neighbours, [sample], [10], context);
    await ten.measure({ nprobes: 3, refineFactor }, 1);
    return searches.map(({ k, settings }) => [k, settings.refineFactor]);
  };
  // 201 candidates for 11 hits, the row itself among them
  const refined = [11, 19];
  expect(await refines(rowAt(200), 20)).toEqual([[201, undefined], refined]);
  expect(await refines(beside(200), 20)).toEqual([
    [200, undefined],
    [10, 20],
  ]);
});

afterEach(() => vi.restoreAllMocks());

test("the time of a search is the median of some that are asked one by one", async () => {
  let clock = 0;
  vi.spyOn(performance, "now").mockImplementation(() => clock);
  const { neighbours, searches } = line(100);
  const some = limits.recallFirstQueries;
  // the first take longest, and those behind the first so many are not timed
  const takes = (i: number) => (i < some ? 10 + (((some - i) * 7) % some) : 1_000_000);
  const timed: Neighbours = {
    ...neighbours,
    approximate: (asked, k, settings) => {
      clock += takes(searches.length);
      return neighbours.approximate(asked, k, settings);
    },
  };
  const sample = Array.from({ length: some + 5 }, (_, i) => rowAt(i));
  const [ten] = await RecallQueries.of(timed, sample, [10], context);
  expect(await ten.medianMs({ nprobes: 3, refineFactor: 2 })).toBe(10 + (some >> 1));
  expect(searches.map(({ asked, k, settings }) => [asked.length, k, settings])).toEqual(
    Array.from({ length: some }, () => [1, 11, { nprobes: 3, refineFactor: 2 }]),
  );
});

test("once it is to end nothing more is asked", async () => {
  const stop = new AbortController();
  const stopped = { ...context, signal: stop.signal };
  const { neighbours, searches } = line(100);
  const [two] = await RecallQueries.of(neighbours, [beside(1)], [2], stopped);
  stop.abort(new Error("ended"));
  await expect(two.measure({ nprobes: 1 }, 1)).rejects.toThrow("ended");
  await expect(two.medianMs({ nprobes: 1 })).rejects.toThrow("ended");
  await expect(RecallQueries.of(neighbours, [beside(1)], [2], stopped)).rejects.toThrow("ended");
  expect(searches).toEqual([]);
});
