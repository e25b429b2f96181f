import { expect, test } from "vitest";
import { RangeMemory } from "../../../lib/adapters/parquet/pages/range-memory.ts";
import { limits } from "../../../lib/config/limits.ts";

const usual = limits.chunkRangeBytes;

test("what is given back is taken again, and by nobody before", () => {
  const memory = new RangeMemory();
  const [one, other] = [memory.take(usual), memory.take(10)];
  expect(other.buffer).not.toBe(one.buffer);
  memory.giveBack(one);
  expect(memory.take(7).buffer).toBe(one.buffer);
  expect(memory.take(7).buffer).not.toBe(one.buffer);
});

test("a range longer than usual has memory of its own, which is not kept", () => {
  const memory = new RangeMemory();
  const long = memory.take(usual + 1);
  expect(long).toHaveLength(usual + 1);
  memory.giveBack(long);
  expect(memory.take(usual).buffer).not.toBe(long.buffer);
});
