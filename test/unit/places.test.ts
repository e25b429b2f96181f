import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Places } from "../../lib/adapters/places.ts";

test("who comes first is first, and never more than there are places", async () => {
  const places = new Places(2);
  const [order, under]: [number[], { now: number; most: number }] = [[], { now: 0, most: 0 }];
  const work = (i: number) => async () => {
    order.push(i);
    under.most = Math.max(under.most, ++under.now);
    await new Promise(setImmediate);
    under.now -= 1;
    if (i === 3) throw new Error("as some work does");
  };
  await Promise.allSettled(Array.from({ length: 9 }, (_, i) => places.hold(10_000, work(i))));
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(under).toEqual({ now: 0, most: 2 });
});

test("who waits too long is told, and takes no place later", async () => {
  const places = new Places(1);
  const leave = await places.take(10_000);
  await expect(places.take(1)).rejects.toMatchObject({ kind: "DeadlineExceeded" });
  leave();
  leave(); // twice gives back one
  expect(places.takeFree()).toBeDefined();
  expect(places.takeFree()).toBeUndefined();
});

const patientMs = 60_000;

test("one begins when the one before has ended, in the order they came, whether it failed or not", async () => {
  const turns = new Places(1);
  const seen: string[] = [];
  const work = (name: string) => async () => {
    seen.push(`${name} begins`);
    await sleep(1);
    seen.push(`${name} ends`);
    if (name === "b") throw new Error("b failed");
    return name;
  };
  const all = await Promise.allSettled(["a", "b", "c"].map((name) => turns.hold(patientMs, work(name))));
  expect(all.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(seen).toEqual(["a", "b", "c"].flatMap((name) => [`${name} begins`, `${name} ends`]));
});

test("whoever waits too long never begins, and those behind it wait for those before it all the same", async () => {
  const turns = new Places(1);
  const { promise, resolve } = Promise.withResolvers<void>();
  const seen: string[] = [];
  const first = turns.hold(patientMs, () => promise);
  const late = turns.hold(1, async () => seen.push("late"));
  const last = turns.hold(patientMs, async () => seen.push("last"));
  await expect(late).rejects.toMatchObject({ kind: "DeadlineExceeded" });
  expect(seen).toEqual([]);
  resolve();
  await Promise.all([first, last]);
  expect(seen).toEqual(["last"]);
});
