import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { OneAtATime } from "../../../lib/adapters/lance/one-at-a-time.ts";

const patientMs = 60_000;

test("one begins when the one before has ended, in the order they came, whether it failed or not", async () => {
  const turns = new OneAtATime();
  const seen: string[] = [];
  const work = (name: string) => async () => {
    seen.push(`${name} begins`);
    await sleep(1);
    seen.push(`${name} ends`);
    if (name === "b") throw new Error("b failed");
    return name;
  };
  const all = await Promise.allSettled(["a", "b", "c"].map((name) => turns.run(patientMs, work(name))));
  expect(all.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(seen).toEqual(["a", "b", "c"].flatMap((name) => [`${name} begins`, `${name} ends`]));
});

test("whoever waits too long never begins, and those behind it wait for those before it all the same", async () => {
  const turns = new OneAtATime();
  const { promise, resolve } = Promise.withResolvers<void>();
  const seen: string[] = [];
  const first = turns.run(patientMs, () => promise);
  const late = turns.run(1, async () => seen.push("late"));
  const last = turns.run(patientMs, async () => seen.push("last"));
  await expect(late).rejects.toMatchObject({ kind: "DeadlineExceeded" });
  expect(seen).toEqual([]);
  resolve();
  await Promise.all([first, last]);
  expect(seen).toEqual(["last"]);
});
