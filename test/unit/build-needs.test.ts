import { describe, expect, test } from "vitest";
import type { AskedIndex, IndexParameters } from "../../lib/domain/index/index-entry.ts";
import {
  type BuildRoom,
  buildNeeds,
  refuseWithoutRoom,
  textSeconds,
} from "../../lib/domain/plan/build-needs.ts";
import { planIndex } from "../../lib/domain/plan/plan-index.ts";

/** The function `build` as it is deployed. */
const lambda: BuildRoom = { memoryBytes: 10e9, diskBytes: 10e9, cpuSeconds: 900 * 5.8 };

const asked = (indexType: AskedIndex["indexType"], indexParameters = {}) => ({ indexType, indexParameters });
const refusal = (...given: Parameters<typeof refuseWithoutRoom>) => {
  try {
    refuseWithoutRoom(...given);
    return undefined;
  } catch (error) {
    return error;
  }
};

test("IVF_FLAT writes every vector once more, and IVF_RQ a code: that is said with what there is", () => {
  expect(refusal(asked("IVF_FLAT"), { rows: 12_000_000, dimension: 768 }, lambda)).toMatchObject({
    kind: "JobTooLarge",
    message:
      "IVF_FLAT of 12,000,000 x 768 takes 36.9 GB of temporary disk to build, and there are 10.0 GB; ask for indexType IVF_RQ without parameters, which there is room for",
    issues: [{ path: "indexType" }],
  });
  expect(refusal(asked("IVF_RQ"), { rows: 12_000_000, dimension: 768 }, lambda)).toBeUndefined();
});

test("a graph has to fit in memory: more of them do", () => {
  const shape = { rows: 4_000_000, dimension: 768 };
  expect(refusal(asked("HNSW_SQ", { numPartitions: 1 }), shape, lambda)).toMatchObject({
    message: expect.stringContaining("takes 12.3 GB of memory to build, and there are 10.0 GB"),
    issues: [{ path: "indexParameters.numPartitions", message: "ask for numPartitions 2 or more" }],
  });
  expect(refusal(asked("HNSW_SQ", { numPartitions: 2 }), shape, lambda)).toBeUndefined();
  const twice = { rows: 8_000_000, dimension: 768 };
  expect(refusal(asked("HNSW_SQ", { numPartitions: 2 }), twice, lambda)).toMatchObject({
    issues: [{ path: "indexParameters.numPartitions", message: "ask for numPartitions 3 or more" }],
  });
});

test("what does not end in time is refused, with another type where one would, and without where none does", () => {
  expect(refusal(asked("HNSW_SQ"), { rows: 12_000_000, dimension: 768 }, lambda)).toMatchObject({
    message: expect.stringContaining("takes 6,000 s of processor time to build, and there are 5,220 s"),
    issues: [{ path: "indexType", message: expect.stringContaining("IVF_RQ") }],
  });
  expect(refusal(asked("auto"), { rows: 200_000_000, dimension: 768 }, lambda)).toMatchObject({
    kind: "JobTooLarge",
    issues: [{ path: "index", message: expect.stringContaining("docs/bulk-jobs.md") }],
  });
});

test("a dimension that IVF_RQ does not take is helped by IVF_PQ", () => {
  expect(refusal(asked("IVF_FLAT"), { rows: 12_000_000, dimension: 300 }, lambda)).toMatchObject({
    kind: "JobTooLarge",
    issues: [{ path: "indexType", message: expect.stringContaining("IVF_PQ") }],
  });
});

test.each([
  ["IVF_FLAT", 154],
  ["IVF_RQ", 25],
  ["IVF_PQ", 5],
  ["HNSW_SQ", 39],
] as const)(
  "%s: no more disk is thought to be needed than was measured, and little less",
  (type, measuredMb) => {
    const shape = { rows: 50_000, dimension: 768 };
    const { diskBytes } = buildNeeds(planIndex({ type, asked: {}, ...shape }), shape);
    expect(diskBytes / 1e6).toBeLessThanOrEqual(measuredMb);
    expect(diskBytes / 1e6).toBeGreaterThan(0.9 * measuredMb);
  },
);

test("few rows are served exactly, and take nothing", () => {
  const none: BuildRoom = { memoryBytes: 0, diskBytes: 0, cpuSeconds: 0 };
  const shape = { rows: 255, dimension: 768 };
  expect(refusal(asked("HNSW_SQ"), shape, none)).toBeUndefined();
  expect(buildNeeds(planIndex({ type: "HNSW_SQ", asked: {}, ...shape }), shape)).toEqual(none);
});

test.each<[AskedIndex["indexType"], IndexParameters, BuildRoom]>([
  ["IVF_FLAT", { numPartitions: 100 }, { memoryBytes: 6_400 * 3_072, diskBytes: 3_072e6, cpuSeconds: 60 }],
  [
    "IVF_FLAT",
    { numPartitions: 100, sampleRate: 10 },
    { memoryBytes: 1_000 * 3_072, diskBytes: 3_072e6, cpuSeconds: 60 },
  ],
  ["IVF_FLAT", { numPartitions: 60_000 }, { memoryBytes: 1e6 * 3_072, diskBytes: 3_072e6, cpuSeconds: 60 }],
  ["IVF_RQ", { numPartitions: 10 }, { memoryBytes: 640 * 3_072, diskBytes: 480e6, cpuSeconds: 60 }],
  [
    "IVF_RQ",
    { numPartitions: 10, numBits: 8 },
    { memoryBytes: 640 * 3_072, diskBytes: 768e6, cpuSeconds: 60 },
  ],
  ["IVF_PQ", { numPartitions: 10 }, { memoryBytes: 640 * 3_072, diskBytes: 96e6, cpuSeconds: 50 }],
  [
    "IVF_PQ",
    { numPartitions: 10, numBits: 8, numSubVectors: 96 },
    { memoryBytes: 640 * 3_072, diskBytes: 96e6, cpuSeconds: 50 },
  ],
  ["HNSW_SQ", { numPartitions: 4 }, { memoryBytes: 250_000 * 3_072, diskBytes: 768e6, cpuSeconds: 500 }],
])("a million rows as %s with %o take %o", (type, parameters, needs) => {
  const shape = { rows: 1_000_000, dimension: 768 };
  expect(buildNeeds(planIndex({ type, asked: parameters, ...shape }), shape)).toEqual(needs);
  expect(refusal(asked(type, parameters), shape, needs)).toBeUndefined();
  for (const [name, value] of Object.entries(needs)) {
    const room = { ...needs, [name]: value - 1e-3 };
    expect(refusal(asked(type, parameters), shape, room), name).toMatchObject({ kind: "JobTooLarge" });
  }
});

test("half the dimension takes half of everything", () => {
  const [whole, half] = [1_024, 512].map((dimension) => {
    const shape = { rows: 1_000_000, dimension };
    return buildNeeds(planIndex({ type: "IVF_RQ", asked: { numBits: 8 }, ...shape }), shape);
  }) as [BuildRoom, BuildRoom];
  for (const name of ["memoryBytes", "diskBytes", "cpuSeconds"] as const)
    expect(whole[name]).toBeCloseTo(2 * half[name]);
});

test("graphs are not advised to who asked for another type, though there is room for them", () => {
  const shape = { rows: 3_500_000, dimension: 768 };
  expect(refusal(asked("HNSW_SQ", { numPartitions: 4 }), shape, lambda)).toBeUndefined();
  expect(refusal(asked("IVF_FLAT"), shape, lambda)).toMatchObject({ issues: [{ path: "indexType" }] });
});

test("more graphs are not advised where no number of them helps", () => {
  const shape = { rows: 4_000_000, dimension: 768 };
  const hurried = { ...lambda, cpuSeconds: 1_000 };
  expect(refusal(asked("HNSW_SQ", { numPartitions: 1 }), shape, hurried)).toMatchObject({
    issues: [{ path: "indexType", message: expect.stringContaining("IVF_RQ") }],
  });
});

describe("full-text indexes", () => {
  const of = (column: string, tokenizer = "simple") => ({
    ...{ column, tokenizer, language: null, stem: false, stopWords: false, positions: true },
  });
  const bytesOf = (column: string) => ({ title: 1e9, body: 30e9 })[column] ?? 0;

  test("take time by the bytes of their texts, pieces more than words, and no temporary disk", () => {
    expect(textSeconds([of("title"), of("body")], bytesOf)).toBe(31 * 60);
    expect(textSeconds([of("title", "ngram")], bytesOf)).toBe(180);
    expect(textSeconds([of("of no file")], bytesOf)).toBe(0);
    const shape = { rows: 255, dimension: 768, textSeconds: 7 };
    expect(buildNeeds(planIndex({ type: "IVF_FLAT", asked: {}, ...shape }), shape)).toEqual({
      ...{ memoryBytes: 0, diskBytes: 0, cpuSeconds: 7 },
    });
  });

  test("that do not end in time are refused, and what helps is fewer, or another type where that alone takes too long", () => {
    const shape = { rows: 2_000_000, dimension: 768, textSeconds: 5_101 };
    expect(refusal(asked("IVF_RQ"), { ...shape, textSeconds: 5_100 }, lambda)).toBeUndefined();
    expect(refusal(asked("IVF_RQ"), shape, lambda)).toMatchObject({
      kind: "JobTooLarge",
      message: expect.stringContaining(
        "IVF_RQ of 2,000,000 x 768 with its full-text indexes takes 5,221 s of processor time to build",
      ),
      issues: [{ path: "fullText" }],
    });
    expect(refusal(asked("IVF_FLAT"), { ...shape, rows: 12_000_000, textSeconds: 10 }, lambda)).toMatchObject(
      {
        issues: [{ path: "indexType" }],
      },
    );
  });
});
