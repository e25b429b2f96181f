import { describe, expect, test } from "vitest";
import type { DomainError } from "../../lib/domain/errors.ts";
import type { AskedIndexType, IndexParameters, IndexType } from "../../lib/domain/index/index-entry.ts";
import {
  exactInstead,
  isApplicable,
  knownParameters,
  planIndex,
  withFewerPartitions,
} from "../../lib/domain/plan/plan-index.ts";

const plan = (type: AskedIndexType, dimension: number, asked: IndexParameters = {}, rows = 100_000) =>
  planIndex({ type, rows, dimension, asked });

/** The names of what is refused. */
function refused(...given: Parameters<typeof plan>): string[] {
  try {
    plan(...given);
  } catch (error) {
    return (error as DomainError).issues.map(({ path }) => path);
  }
  return [];
}

describe.each([1, 6, 100, 101, 768, 1_536])("dimension %i", (dimension) => {
  test("IVF_PQ gets codes that divide it, even in number where they have 4 bits", () => {
    const { numSubVectors = 0, numBits } = plan("IVF_PQ", dimension).parameters;
    expect(dimension % numSubVectors).toBe(0);
    expect([4, 8]).toContain(numBits);
    if (numBits === 4) expect(numSubVectors % 2).toBe(0);
  });

  test.each(["IVF_FLAT", "HNSW_SQ"] as const)("%s takes it", (type) => {
    expect(plan(type, dimension).type).toBe(type);
  });

  test("IVF_RQ takes it when 8 divides it, and is refused by name when not", () => {
    expect(refused("IVF_RQ", dimension)).toEqual(dimension % 8 === 0 ? [] : ["indexType"]);
  });
});

test.each([
  [768, { numBits: 4, numSubVectors: 192 }],
  [100, { numBits: 4, numSubVectors: 50 }],
  [6, { numBits: 4, numSubVectors: 2 }],
  [101, { numBits: 8, numSubVectors: 101 }],
  [1, { numBits: 8, numSubVectors: 1 }],
])("IVF_PQ codes dimension %i as %o", (dimension, codes) => {
  expect(plan("IVF_PQ", dimension).parameters).toMatchObject(codes);
});

test.each([
  [8, 7],
  [128, 7],
  [192, 6],
  [384, 6],
  [512, 5],
  [1_536, 5],
])("IVF_RQ codes each of %i dimensions in %i bits", (dimension, numBits) => {
  expect(plan("IVF_RQ", dimension).parameters.numBits).toBe(numBits);
});

test.each([
  [768, 100_000, "IVF_RQ"],
  [100, 100_000, "IVF_PQ"],
  [768, 255, "EXACT"],
])("auto takes for dimension %i and %i rows %s, and says why", (dimension, rows, type) => {
  const chosen = plan("auto", dimension, {}, rows);
  expect(chosen.type).toBe(type);
  expect(chosen.reasons.join()).toMatch(/fastest|IVF_RQ needs|fewer than/);
});

test("auto refuses parameters of a type that it does not choose", () => {
  expect(refused("auto", 768, { numSubVectors: 96 })).toEqual(["indexParameters.numSubVectors"]);
  expect(refused("auto", 768, { numPartitions: 10 })).toEqual([]);
});

test("every derived parameter has a reason, and one asked for says so", () => {
  const { parameters, reasons } = plan("IVF_PQ", 768, { numPartitions: 10 });
  expect(parameters.numPartitions).toBe(10);
  expect(reasons).toHaveLength(Object.keys(parameters).length);
  expect(reasons[0]).toBe("numPartitions 10: asked for");
});

test("asking for 8 bits frees the number of sub-vectors from being even", () => {
  expect(plan("IVF_PQ", 75, { numBits: 8 }).parameters.numSubVectors).toBe(15);
  expect(plan("IVF_PQ", 75, { numBits: 8, numSubVectors: 25 }).parameters.numSubVectors).toBe(25);
});

test("there are never more partitions than rows, nor fewer than one", () => {
  for (const rows of [256, 1_000, 100_000, 10_000_000]) {
    const { numPartitions = 0 } = plan("IVF_PQ", 768, {}, rows).parameters;
    expect(numPartitions).toBeGreaterThanOrEqual(1);
    expect(numPartitions).toBeLessThan(rows);
  }
});

test.each<[IndexType, number, number]>([
  ["IVF_PQ", 300, 1],
  ["IVF_PQ", 100_000, 49],
  ["IVF_PQ", 10_000_000, 3_162],
  ["IVF_RQ", 100_000, 158],
  ["IVF_RQ", 256, 8],
  ["IVF_FLAT", 100_000, 316],
])("%s of %i rows has %i partitions", (type, rows, partitions) => {
  expect(plan(type, 768, {}, rows).parameters.numPartitions).toBe(partitions);
});

test("one HNSW graph holds at most a million rows", () => {
  expect(plan("HNSW_SQ", 768).parameters.numPartitions).toBe(1);
  expect(plan("HNSW_SQ", 768, {}, 2_500_000).parameters.numPartitions).toBe(3);
});

test("fewer rows than an index trains on are served exactly", () => {
  expect(plan("IVF_PQ", 768, {}, 255)).toMatchObject({ type: "EXACT", parameters: {} });
  expect(plan("IVF_PQ", 768, {}, 256).type).toBe("IVF_PQ");
});

test.each<[string, IndexType, number, IndexParameters, string[]]>([
  ["more partitions than rows", "IVF_FLAT", 768, { numPartitions: 65_536 }, ["numPartitions"]],
  ["5-bit codes", "IVF_PQ", 768, { numBits: 5 }, ["numBits"]],
  ["sub-vectors that do not divide", "IVF_PQ", 768, { numSubVectors: 100 }, ["numSubVectors"]],
  ["odd sub-vectors of 4 bits", "IVF_PQ", 768, { numBits: 4, numSubVectors: 3 }, ["numSubVectors"]],
  ["odd sub-vectors, bits left to us", "IVF_PQ", 768, { numSubVectors: 3 }, ["numSubVectors"]],
  ["4 bits of an odd dimension", "IVF_PQ", 101, { numBits: 4 }, ["numBits"]],
  ["codes of an index without codes", "IVF_FLAT", 768, { numBits: 8 }, ["numBits"]],
  ["a graph of an index without one", "IVF_RQ", 768, { m: 16, efConstruction: 100 }, ["m", "efConstruction"]],
  ["sub-vectors of IVF_RQ", "IVF_RQ", 768, { numSubVectors: 96 }, ["numSubVectors"]],
  ["codes of HNSW_SQ", "HNSW_SQ", 768, { numBits: 8 }, ["numBits"]],
  ["two things at once", "IVF_PQ", 768, { numBits: 5, m: 16 }, ["m", "numBits"]],
])("%s: refused by name", (_, type, dimension, asked, names) => {
  expect(refused(type, dimension, asked, 50_000)).toEqual(names.map((name) => `indexParameters.${name}`));
});

test("parameters are judged though the rows are too few for an index", () => {
  expect(refused("IVF_PQ", 768, { numBits: 5 }, 10)).toEqual(["indexParameters.numBits"]);
});

test.each<[IndexType, number, IndexParameters]>([
  [
    "IVF_PQ",
    100_000,
    { numPartitions: 49, numBits: 4, numSubVectors: 192, maxIterations: 10, sampleRate: 64 },
  ],
  ["IVF_RQ", 100_000, { numPartitions: 158, numBits: 5, maxIterations: 10, sampleRate: 64 }],
  ["IVF_FLAT", 100_000, { numPartitions: 316, maxIterations: 10, sampleRate: 64 }],
  ["HNSW_SQ", 1_000_001, { numPartitions: 2, m: 20, efConstruction: 150 }],
  ["HNSW_SQ", 1_000_000, { numPartitions: 1, m: 20, efConstruction: 150 }],
])("%s of %i rows is built with %o, of which it has every parameter", (type, rows, parameters) => {
  const planned = plan(type, 768, {}, rows);
  expect(planned.parameters).toEqual(parameters);
  for (const name of Object.keys(parameters)) expect(isApplicable(type, name)).toBe(true);
  expect(plan(type, 768, parameters, rows).parameters).toEqual(parameters);
});

test.each<[number, number]>([
  [4, 2],
  [12, 6],
  [128, 64],
  [254, 2],
  [256, 64],
  [258, 6],
  [1_536, 384],
])(
  "4-bit codes of dimension %i are %i: of two values in short vectors, of four in long",
  (dimension, count) => {
    expect(plan("IVF_PQ", dimension).parameters).toMatchObject({ numBits: 4, numSubVectors: count });
  },
);

test.each<[string, IndexType, number, IndexParameters]>([
  ["as many partitions as rows", "IVF_FLAT", 768, { numPartitions: 50_000 }],
  ["8-bit codes of any number that divides", "IVF_PQ", 768, { numBits: 8, numSubVectors: 3 }],
  ["even sub-vectors of 4 bits", "IVF_PQ", 768, { numBits: 4, numSubVectors: 96 }],
  ["even sub-vectors, bits left to us", "IVF_PQ", 768, { numSubVectors: 96 }],
  ["odd sub-vectors where 4 bits do not go", "IVF_PQ", 75, { numSubVectors: 25 }],
  ["any bits of IVF_RQ", "IVF_RQ", 768, { numBits: 3 }],
  ["a parameter of another type that is not set", "IVF_FLAT", 768, { numBits: undefined }],
])("%s: taken", (_, type, dimension, asked) => {
  expect(refused(type, dimension, asked, 50_000)).toEqual([]);
});

test("a parameter that only a later release knows is left out, those of this one stay", () => {
  const later = { numPartitions: 4, sharpness: 11 } as IndexParameters;
  expect(knownParameters(later)).toEqual({ numPartitions: 4 });
});

test("vectors that form fewer clusters get as many partitions, and that is said in place of what was planned", () => {
  const planned = plan("IVF_RQ", 768);
  const fewer = withFewerPartitions(planned, 3);
  expect(fewer.parameters).toEqual({ ...planned.parameters, numPartitions: 3 });
  expect(fewer.reasons[0]).toMatch(/^numPartitions 3: /);
  expect(fewer.reasons.slice(1)).toEqual(planned.reasons.slice(1));
  expect(exactInstead(planned)).toMatchObject({ type: "EXACT", parameters: {} });
  expect(exactInstead(planned).reasons.join()).toContain("IVF_RQ");
});
