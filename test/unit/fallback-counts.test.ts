import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import { FallbackCounts } from "../../lib/domain/fallback-counts.ts";

let told: [path: string, reason: string, count: number, fresh: number][];
let counts: FallbackCounts;

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  counts = new FallbackCounts(({ fastPath, reason, count }, fresh) =>
    told.push([fastPath, reason, count, fresh]),
  );
});

afterEach(() => {
  vi.useRealTimers();
});

const fallBack = (times: number) => {
  for (let i = 0; i < times; i++) counts.happened("replica", "unreadable");
};

test("fallbacks are counted by path and reason, and those of an index with the index, too", () => {
  fallBack(2);
  counts.of("docs").happened("replica", "no-room");
  counts.of("words").happened("replica", "no-room");
  expect(counts.seen()).toEqual([
    { fastPath: "replica", reason: "unreadable", count: 2 },
    { fastPath: "replica", reason: "no-room", count: 2 },
  ]);
  expect(counts.seen("docs")).toEqual([{ fastPath: "replica", reason: "no-room", count: 1 }]);
  expect(counts.seen("others")).toEqual([]);
});

test("the first is reported at once, then each power of ten; what came meanwhile a minute later, each once", () => {
  fallBack(1);
  expect(told).toEqual([["replica", "unreadable", 1, 1]]);
  fallBack(11);
  expect(told.slice(1)).toEqual([["replica", "unreadable", 10, 9]]);
  vi.advanceTimersByTime(limits.fallbackReportMs);
  expect(told.slice(2)).toEqual([["replica", "unreadable", 12, 2]]);
  vi.advanceTimersByTime(10 * limits.fallbackReportMs);
  expect(told).toHaveLength(3);
  fallBack(88);
  expect(told.at(-1)).toEqual(["replica", "unreadable", 100, 88]);
});

test("of very many indexes those are remembered that fell back last", () => {
  counts.of("first").happened("replica", "no-room");
  for (let i = 0; i < limits.maxObservedIndexes; i++) counts.of(`i${i}`).happened("replica", "no-room");
  expect(counts.seen("first")).toEqual([]);
  expect(counts.seen(`i${limits.maxObservedIndexes - 1}`)).toHaveLength(1);
  expect(counts.seen()[0]?.count).toBe(limits.maxObservedIndexes + 1);
});
