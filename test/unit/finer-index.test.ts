import fc from "fast-check";
import { expect, test } from "vitest";
import { plansInTurn } from "../../lib/domain/build/finer-index.ts";
import type { AskedIndexType, IndexParameters } from "../../lib/domain/index/index-entry.ts";
import { planIndex } from "../../lib/domain/plan/plan-index.ts";

const turns = (type: AskedIndexType, dimension: number, asked: IndexParameters = {}, rows = 10_000) =>
  plansInTurn({ type, dimension, asked, rows }).map((plan) => {
    const { numBits, numSubVectors, m } = plan.parameters;
    return [plan.type, numBits ?? m, numSubVectors].filter((one) => one !== undefined).join(" ");
  });

test.each<[AskedIndexType, number, IndexParameters, string[]]>([
  ["auto", 768, {}, ["IVF_RQ 5", "IVF_RQ 8", "IVF_FLAT", "EXACT"]],
  ["auto", 100, {}, ["IVF_PQ 4 50", "IVF_PQ 8 50", "IVF_FLAT", "EXACT"]],
  ["auto", 768, { numPartitions: 10 }, ["IVF_RQ 5", "IVF_RQ 8", "IVF_FLAT"]],
  ["auto", 768, { numBits: 2 }, ["IVF_RQ 2"]],
  ["IVF_PQ", 768, {}, ["IVF_PQ 4 192", "IVF_PQ 8 384"]],
  ["IVF_PQ", 768, { numBits: 4 }, ["IVF_PQ 4 192", "IVF_PQ 4 384"]],
  ["IVF_PQ", 768, { numBits: 4, numSubVectors: 96 }, ["IVF_PQ 4 96"]],
  ["IVF_PQ", 101, {}, ["IVF_PQ 8 101"]],
  ["IVF_PQ", 50, {}, ["IVF_PQ 4 10", "IVF_PQ 8 25"]],
  ["IVF_PQ", 50, { numBits: 4 }, ["IVF_PQ 4 10"]],
  ["IVF_PQ", 258, { numBits: 4 }, ["IVF_PQ 4 6", "IVF_PQ 4 86"]],
  ["IVF_PQ", 75, {}, ["IVF_PQ 8 15", "IVF_PQ 8 75"]],
  ["HNSW_SQ", 768, { m: 30 }, ["HNSW_SQ 30", "HNSW_SQ 30"]],
  ["HNSW_SQ", 768, { m: 30, efConstruction: 200 }, ["HNSW_SQ 30"]],
  ["IVF_RQ", 768, {}, ["IVF_RQ 5", "IVF_RQ 8"]],
  ["IVF_RQ", 768, { numBits: 8 }, ["IVF_RQ 8"]],
  ["IVF_FLAT", 768, {}, ["IVF_FLAT"]],
  ["HNSW_SQ", 768, {}, ["HNSW_SQ 20", "HNSW_SQ 40"]],
])("%s of dimension %i with %o is built in turn as %o", (type, dimension, asked, expected) => {
  expect(turns(type, dimension, asked)).toEqual(expected);
});

function isTaken(...given: Parameters<typeof planIndex>): boolean {
  try {
    planIndex(...given);
    return true;
  } catch {
    return false;
  }
}

test("what is built in turn could as well be asked for, and keeps what was", () => {
  const asked = fc.record(
    {
      numPartitions: fc.integer({ min: 1, max: 300 }),
      numBits: fc.constantFrom(4, 8),
      numSubVectors: fc.integer({ min: 1, max: 64 }),
      m: fc.integer({ min: 8, max: 60 }),
    },
    { requiredKeys: [] },
  );
  const type = fc.constantFrom("auto", "IVF_PQ", "IVF_RQ", "IVF_FLAT", "HNSW_SQ");
  fc.assert(
    fc.property(type, fc.integer({ min: 1, max: 1_600 }), asked, (type, dimension, asked) => {
      const wanted = { type: type as AskedIndexType, dimension, asked, rows: 10_000 };
      if (!isTaken(wanted)) return;
      for (const { type, parameters } of plansInTurn(wanted)) {
        expect(parameters).toMatchObject(type === "EXACT" ? {} : asked);
        if (type === "EXACT") continue;
        const again = planIndex({ type, dimension, asked: parameters, rows: 10_000 });
        expect(again.parameters).toEqual(parameters);
      }
    }),
    { numRuns: 2_000 },
  );
});

test("a parameter that only a later release has makes nothing finer, and names nothing", () => {
  const later = { ofLaterRelease: 3 } as IndexParameters;
  expect(turns("IVF_RQ", 768, { numBits: 8, ...later })).toEqual(["IVF_RQ 8"]);
  expect(turns("auto", 768, later)).toEqual(["IVF_RQ 5", "IVF_RQ 8", "IVF_FLAT", "EXACT"]);
});

test("few rows are served exactly at once", () => {
  expect(turns("auto", 768, {}, 255)).toEqual(["EXACT"]);
});

test("named parameters stay as named in every turn, and reasons say what was changed", () => {
  const asked = { numPartitions: 7 };
  const plans = plansInTurn({ type: "auto", dimension: 64, rows: 10_000, asked });
  expect(plans.map(({ parameters }) => parameters.numPartitions)).toEqual([7, 7, 7]);
  expect(plans[1]?.reasons).toContain("numBits 8: what was planned did not reach the recall");
  expect(plans[1]?.reasons).toContain("numPartitions 7: asked for");
  const [, denser] = plansInTurn({ type: "IVF_PQ", dimension: 768, rows: 10_000, asked: { numBits: 4 } });
  expect(denser?.reasons).toContain("numBits 4: asked for");
  expect(denser?.reasons).toContain("numSubVectors 384: what was planned did not reach the recall");
});

test("what compares vectors says so", () => {
  const plans = plansInTurn({ type: "auto", dimension: 768, rows: 10_000, asked: {} });
  const [flat, exact] = plans.slice(-2);
  expect(flat?.reasons[0]).toBe("IVF_FLAT: compares vectors themselves");
  expect(flat?.reasons.length).toBeGreaterThan(1);
  expect(exact?.reasons).toEqual(["served exactly: no index reached the recall"]);
});
