import { afterEach, expect, test, vi } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import { DomainError } from "../../lib/domain/errors.ts";
import type { IndexPart, Lease, Reader, WarmIndexes } from "../../lib/domain/search/reader.ts";
import { warmIndex } from "../../lib/domain/search/warm-index.ts";

const timeoutMs = 250;

afterEach(() => {
  vi.useRealTimers();
});

type WarmedReader = Pick<Reader, "warm" | "replicaBytes" | "onDisk">;

/** An index that is open, with a reader that warms as it is told. */
function indexesWith(reader: WarmedReader): WarmIndexes {
  const lease = { reader: { version: 3, ...reader }, published: { generation: "g1" }, cold: true, openMs: 5 };
  return { use: (_index, _consistency, work) => work(lease as unknown as Lease) };
}

const warmed = (reader: WarmedReader) => warmIndex(indexesWith(reader), "docs", timeoutMs);

test("an index whose caches are filled is warm, one with a copy on the disk a replica of so many bytes", async () => {
  const warm = async () => undefined;
  expect(await warmed({ warm })).toMatchObject({
    state: "warm",
    performance: { cache: "warm", bytes: null, openMs: 5, generation: "g1", version: 3 },
  });
  expect(await warmed({ warm, replicaBytes: 7 })).toMatchObject({
    state: "warm",
    performance: { cache: "replica", bytes: 7 },
  });
});

test("the answer tells which parts are on the disk when it has been waited for, where any can be", async () => {
  const reader: WarmedReader & { onDisk: IndexPart[] } = {
    onDisk: [],
    warm: async () => void reader.onDisk.push("index", "rows"),
  };
  expect((await warmed(reader)).performance.onDisk).toEqual(["index", "rows"]);
  expect((await warmed({ warm: async () => undefined })).performance).not.toHaveProperty("onDisk");
});

test("what is not done before the deadline goes on, and its failure is nobody's", async () => {
  let fail = (_error: Error) => {};
  const warm = () => new Promise<void>((_, reject) => (fail = reject));
  expect(await warmed({ warm })).toMatchObject({ state: "warming", performance: { cache: "cold" } });
  fail(new Error("later"));
  await new Promise((resolve) => setImmediate(resolve));
});

test("time is left to answer in, and what took long to open leaves less to warm in", async () => {
  vi.useFakeTimers();
  vi.advanceTimersByTime(500);
  const opened = indexesWith({ warm: () => new Promise(() => undefined) });
  const slow: WarmIndexes = {
    use: async (index, freshness, work) => {
      expect([index, freshness]).toEqual(["docs", { consistency: "eventual" }]);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      return opened.use(index, freshness, work);
    },
  };
  const answer = warmIndex(slow, "docs", 5_000);
  await vi.advanceTimersByTimeAsync(5_000 - limits.warmAnswerMs);
  const { state, performance } = await answer;
  expect(state).toBe("warming");
  expect(performance).toMatchObject({
    warmMs: 4_000 - limits.warmAnswerMs,
    totalMs: 5_000 - limits.warmAnswerMs,
  });
});

test("what fails while it is waited for is said", async () => {
  const warm = async () => Promise.reject(new DomainError("StoreUnavailable", "gone"));
  await expect(warmed({ warm })).rejects.toMatchObject({ kind: "StoreUnavailable" });
});
