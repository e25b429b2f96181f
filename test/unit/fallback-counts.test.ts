import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import { FallbackCounts } from "../../lib/domain/fallback-counts.ts";
import { fastPaths } from "../../lib/domain/fallbacks.ts";
import { reportFallback } from "../../lib/report-fallback.ts";
import { logger } from "../../lib/telemetry.ts";

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

test("an index that falls back again is remembered longer, and so many are", () => {
  const fallBackOf = (index: string) => counts.of("other").of(index).happened("replica", "no-room");
  fallBackOf("first");
  for (let i = 1; i < limits.maxObservedIndexes; i++) fallBackOf(`i${i}`);
  fallBackOf("first");
  expect(counts.seen("i1")).toHaveLength(1);
  fallBackOf("last");
  expect(counts.seen("i1")).toEqual([]);
  expect(counts.seen("first")).toEqual([{ fastPath: "replica", reason: "no-room", count: 2 }]);
});

test("what a power of ten has told of is not told again", () => {
  fallBack(5);
  fallBack(5);
  vi.advanceTimersByTime(limits.fallbackReportMs);
  expect(told.map(([, , count]) => count)).toEqual([1, 10]);
  expect(vi.getTimerCount()).toBe(0);
});

test("what is reported is a line of the log with a metric of those that no line has told of", () => {
  const warn = vi.spyOn(logger, "warn");
  reportFallback({ fastPath: "replica", reason: "no-room", count: 10 }, 9);
  expect(warn).toHaveBeenCalledTimes(1);
  const [message, line] = warn.mock.lastCall ?? [];
  expect(message).toBe("fallback");
  expect(line).toMatchObject({ fast_path: "replica", reason: "no-room", fallbacks: 9, count: 10 });
  const { CloudWatchMetrics } = (line as unknown as { _aws: { CloudWatchMetrics: object[] } })._aws;
  expect(CloudWatchMetrics).toEqual([
    {
      Namespace: "ServerlessLance",
      Dimensions: [["service", "fast_path", "reason"]],
      Metrics: [{ Name: "fallbacks", Unit: "Count" }],
    },
  ]);
  warn.mockRestore();
});

test("every reason is a word of a bounded table: nothing that a user sends is in it", () => {
  for (const reasons of Object.values(fastPaths))
    for (const reason of reasons) expect(reason).toMatch(/^[a-z-]{1,40}$/);
});
