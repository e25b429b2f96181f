import { expect, test } from "vitest";
import { DomainError } from "../../lib/domain/errors.ts";
import { inRounds } from "../../lib/domain/recall/rounds.ts";

const items = Array.from({ length: 40 }, (_, i) => i);

/** A clock that work moves on, by so much for each item and so much for each round. */
function clocked(budgetMs: number, perItem: number, perRound: number) {
  let left = budgetMs;
  const sizes: number[] = [];
  const work = async (some: number[]) => {
    sizes.push(some.length);
    left -= perItem * some.length + perRound;
    if (left < 0) throw new DomainError("DeadlineExceeded", "late");
    return some.map((one) => 2 * one);
  };
  return { left: () => left, work, sizes };
}

test("all is done in one round where the first is of all", async () => {
  const { left, work, sizes } = clocked(1_000, 1, 0);
  expect(await inRounds(items, 1_000, left, work)).toEqual(items.map((one) => 2 * one));
  expect(sizes).toEqual([40]);
});

test("rounds grow to what there is time for, and the last takes the rest", async () => {
  const { left, work, sizes } = clocked(1_000, 1, 10);
  expect(await inRounds(items, 2, left, work)).toHaveLength(40);
  expect(sizes[0]).toBe(2);
  expect(sizes.reduce((a, b) => a + b)).toBe(40);
});

test("none is begun that would not end in time: what was done by then is the answer", async () => {
  const { left, work, sizes } = clocked(100, 10, 0);
  const done = await inRounds(items, 4, left, work);
  expect(done).toEqual(items.slice(0, done.length).map((one) => 2 * one));
  expect(done.length).toBeGreaterThanOrEqual(4);
  expect(done.length).toBeLessThanOrEqual(10);
  expect(sizes.length).toBeLessThanOrEqual(3);
  expect(left()).toBeGreaterThanOrEqual(0);
});

test("a round that does not end in time leaves what was done before it; of a first there is nothing", async () => {
  expect(await inRounds(items, 40, clocked(100, 10, 0).left, clocked(100, 10, 0).work)).toEqual([]);
  const { left, work } = clocked(0, 1, 1);
  expect(await inRounds(items, 40, left, work)).toEqual([]);
});

test("a measurement that others leave no time is refused, unless some is done", async () => {
  const busy = new DomainError("TooBusy", "others");
  const work = async (some: number[]) => {
    if (some[0] === 0) return some;
    throw busy;
  };
  expect(await inRounds(items, 3, () => 1_000, work)).toEqual([0, 1, 2]);
  await expect(inRounds(items.slice(1), 3, () => 1_000, work)).rejects.toBe(busy);
});

test("what fails otherwise is told", async () => {
  const fault = new Error("broken");
  await expect(
    inRounds(
      items,
      3,
      () => 1_000,
      () => Promise.reject(fault),
    ),
  ).rejects.toBe(fault);
});
