import fc from "fast-check";
import { expect, test } from "vitest";
import { type Leg, reciprocalRanks, weightedScores } from "../../../lib/domain/text/fusion.ts";

const leg = (ids: string, weight = 1): Leg => ({
  weight,
  hits: [...ids].map((id, i) => ({ id, rank: i + 1, score: 10 - i })),
});
const idsOf = (fused: { id: string }[]) => fused.map(({ id }) => id).join("");

const legs = fc.array(
  fc.record({
    weight: fc.double({ min: 0, max: 10, noNaN: true }),
    hits: fc
      .uniqueArray(fc.tuple(fc.constantFrom(..."abcdefgh"), fc.double({ min: -5, max: 5, noNaN: true })), {
        selector: ([id]) => id,
      })
      .map((hits) =>
        hits.toSorted(([, a], [, b]) => b - a).map(([id, score], i) => ({ id, score, rank: i + 1 })),
      ),
  }),
  { maxLength: 3 },
);

test("a document's reciprocal ranks are summed over the legs that found it", () => {
  const fused = reciprocalRanks([leg("ab"), leg("bc")], 60);
  expect(fused).toEqual([
    { id: "b", score: 1 / 62 + 1 / 61 },
    { id: "a", score: 1 / 61 },
    { id: "c", score: 1 / 62 },
  ]);
});

test("the smaller k is, the more the first rank counts", () => {
  const both = [leg("axyb"), leg("byxzwa")];
  const share = (k: number) => {
    const [a, x] = ["a", "x"].map((id) => reciprocalRanks(both, k).find((one) => one.id === id)?.score ?? 0);
    return (a ?? 0) / (x ?? 1);
  };
  expect(share(1)).toBeGreaterThan(share(60));
});

test("a leg counts the more the larger its weight is, whichever fusion", () => {
  for (const fuse of [(some: Leg[]) => reciprocalRanks(some, 60), weightedScores]) {
    expect(idsOf(fuse([leg("ax", 2), leg("by", 1)]))[0]).toBe("a");
    expect(idsOf(fuse([leg("ax", 1), leg("by", 2)]))[0]).toBe("b");
    expect(idsOf(fuse([leg("abc", 0), leg("cba", 1)]))).toBe("cba");
  }
});

test("scores are normalised leg by leg, so that legs on other scales count alike", () => {
  const near = {
    weight: 1,
    hits: [0.9, 0.85, 0.8].map((score, i) => ({ id: "abc"[i] ?? "", rank: i + 1, score })),
  };
  const words = {
    weight: 1,
    hits: [30, 20, 10].map((score, i) => ({ id: "cbd"[i] ?? "", rank: i + 1, score })),
  };
  const fused = new Map(weightedScores([near, words]).map(({ id, score }) => [id, score]));
  expect(fused.get("a")).toBeCloseTo(1);
  expect(fused.get("b")).toBeCloseTo(1);
  expect(fused.get("c")).toBeCloseTo(1);
  expect(fused.get("d")).toBeCloseTo(0);
});

test("all hits of a leg have 1 where their scores are the same", () => {
  const same = { weight: 1, hits: [..."ab"].map((id, i) => ({ id, rank: i + 1, score: 3 })) };
  expect(weightedScores([same]).map(({ score }) => score)).toEqual([1, 1]);
});

test("ties are ordered by the best rank, then by the first leg that gave it, whatever the ids are", () => {
  expect(idsOf(reciprocalRanks([leg("b"), leg("a")], 60))).toBe("ba");
  expect(idsOf(weightedScores([leg("yax"), leg("xay")]))).toBe("yxa");
  expect(idsOf(weightedScores([leg("xay"), leg("yax")]))).toBe("xya");
});

test("fusing finds every document of every leg once, best first, whatever the order of the legs", () => {
  fc.assert(
    fc.property(legs, fc.integer({ min: 1, max: 100 }), (some, k) => {
      for (const fuse of [(all: Leg[]) => reciprocalRanks(all, k), weightedScores]) {
        const fused = fuse(some);
        const all = new Set(some.flatMap(({ hits }) => hits.map(({ id }) => id)));
        expect([...fused.map(({ id }) => id)].sort()).toEqual([...all].sort());
        expect(fused.every(({ score }, i) => i === 0 || score <= (fused[i - 1]?.score ?? 0))).toBe(true);
        const turned = fuse(some.toReversed());
        for (const { id, score } of turned)
          expect(fused.find((one) => one.id === id)?.score).toBeCloseTo(score, 9);
      }
    }),
  );
});

test("a document that one leg ranks better, and no other worse, is not ranked worse", () => {
  fc.assert(
    fc.property(legs, fc.integer({ min: 1, max: 100 }), (some, k) => {
      const first = some[0]?.hits ?? [];
      fc.pre(first.length > 1);
      const [a, b, ...rest] = first;
      if (!a || !b) return;
      const swapped = { ...(some[0] as Leg), hits: [{ ...b, rank: 1 }, { ...a, rank: 2 }, ...rest] };
      const scoreOf = (all: Leg[]) => reciprocalRanks(all, k).find(({ id }) => id === b.id)?.score ?? 0;
      expect(scoreOf([swapped, ...some.slice(1)])).toBeGreaterThanOrEqual(scoreOf(some));
    }),
  );
});
