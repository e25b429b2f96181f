import { expect, test } from "vitest";
import { type ListPrice, listPrices, priceRows } from "../../../bench/cost/list-prices.ts";
import { openSearchClassic, paid, pinecone, s3Vectors, turbopuffer } from "../../../bench/cost/others.ts";
import { usualPrices } from "../../../lib/domain/cost/prices.ts";

const none = { indexes: 1, vectorsOfEach: 0, vectorBytes: 0, searches: 0, answerBytes: 0, loads: 0 };
const million = 1_000_000;

test("S3 Vectors costs what AWS counts in its own example: 40 indexes of 250,000, a million queries", () => {
  const stored = { ...none, indexes: 40, vectorsOfEach: 250_000 };
  expect(s3Vectors({ ...stored, vectorBytes: 6.17 * 1_024 })).toBeCloseTo(3.53, 2); // of 59 GB, which they round
  expect(s3Vectors({ ...stored, vectorBytes: 6.17 * 1_024, loads: 1 / 6 })).toBeCloseTo(3.53 + 1.96, 2);
  const processed = { ...stored, vectorBytes: 5.17 * 1_024 };
  const queried = s3Vectors({ ...processed, searches: million }) - s3Vectors(processed);
  expect(queried).toBeCloseTo(1.93 + 1.44 + 2.5, 2);
});

test("turbopuffer queries 1.28 GB at the least, and takes its plan's least", () => {
  const small = { ...none, vectorsOfEach: 100_000, vectorBytes: 3_000, searches: million };
  expect(turbopuffer(small)).toBeCloseTo(1.28 + 0.3 * 0.33, 9);
  expect(turbopuffer({ ...small, vectorsOfEach: million }) - 3 * 0.33).toBeCloseTo(3, 9);
  expect(paid.turbopuffer(small)).toBe(16);
});

test("Pinecone reads a unit for a GB of a namespace, 0.25 at the least, and writes one for a KB", () => {
  const documented = { ...none, vectorsOfEach: 500_000, vectorBytes: 3_570, searches: million };
  expect(pinecone(documented) - 1.785 * 0.33).toBeCloseTo(1.785 * 16, 9);
  const small = { ...none, vectorsOfEach: 1_000, vectorBytes: 1_000, searches: million };
  expect(pinecone(small)).toBeCloseTo(0.25 * 16 + 0.001 * 0.33, 9);
  expect(pinecone({ ...small, searches: 0, vectorBytes: 3_072, loads: 1 })).toBeCloseTo(
    3_000 * 4e-6 + 0.003_072 * 0.33,
    9,
  );
});

test("two units of OpenSearch Serverless run for 730 hours", () => {
  expect(openSearchClassic()).toBeCloseTo(350.4, 9);
});

test("what requests are paid by is one table, and each price has its source, who tells it there, and when", () => {
  for (const [name, dollars] of Object.entries(usualPrices))
    expect(listPrices[name as keyof typeof usualPrices].dollars).toBe(dollars);
  for (const { of, source, how, day } of Object.values<ListPrice>(listPrices)) {
    expect(source).toMatch(/^https:\/\/\S+$/);
    if (how === "not read") expect([of, day]).toEqual([of, undefined]);
    else expect(day, of).toMatch(/^2026-\d\d/);
    expect(priceRows()).toContain(` | ${how} | ${source} | ${day ?? ""} |`);
  }
});
