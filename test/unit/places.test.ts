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
