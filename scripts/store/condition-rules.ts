import assert from "node:assert/strict";
import type { ObjectStore, WriteCondition } from "../../lib/domain/object-store.ts";
import { bytes, type StoreRule, textOf } from "./store-rule.ts";

const twoWriters =
  "Two writers overwrite each other: a job publishes over another's index, documents that were acknowledged are gone, keys come back.";

/** What the registry, jobs, keys and turns stand on: a write whose condition does not hold is not made. */
export const conditionRules: StoreRule[] = [
  {
    name: "a store that ignores the conditions of writes is found out before anything is written",
    otherwise: `The project refuses to write there, and rightly. ${twoWriters}`,
    check: ({ open }) => open().ensureWritable(),
  },
  {
    name: "of two creations the second is refused",
    otherwise: twoWriters,
    check: async ({ open }) => {
      const store = open();
      await store.put("k", bytes("first"), { ifNoneMatch: "*" });
      await assert.rejects(store.put("k", bytes("second"), { ifNoneMatch: "*" }), { kind: "Conflict" });
      assert.equal(textOf(await store.get("k")), "first");
    },
  },
  {
    name: "a version that was read is replaced, once",
    otherwise: twoWriters,
    check: async ({ open }) => {
      const store = open();
      const first = await store.put("k", bytes("one"), { ifNoneMatch: "*" });
      assert.equal((await store.get("k"))?.etag, first);
      const second = await store.put("k", bytes("two"), { ifMatch: first });
      await assert.rejects(store.put("k", bytes("late"), { ifMatch: first }), { kind: "Conflict" });
      const stored = await store.get("k");
      assert.deepEqual([stored?.etag, textOf(stored)], [second, "two"]);
    },
  },
  {
    name: "of 100 writers that create a key at the same time exactly one does",
    otherwise: twoWriters,
    check: async ({ open }) => race(open(), { ifNoneMatch: "*" }),
  },
  {
    name: "of 100 writers that replace the same version exactly one does",
    otherwise: twoWriters,
    check: async ({ open }) => {
      const store = open();
      for (let round = 0; round < 3; round++) {
        const ifMatch = await store.put(`${round}`, bytes("before"), { ifNoneMatch: "*" });
        await race(store, { ifMatch }, `${round}`);
      }
    },
  },
  {
    name: "of writers that count, none is lost",
    otherwise: twoWriters,
    check: async ({ open }) => {
      await open().put("k", bytes("0"), { ifNoneMatch: "*" });
      await Promise.all(Array.from({ length: 5 }, () => countUp(open(), 4)));
      assert.equal(textOf(await open().get("k")), "20");
    },
  },
];

const writers = 100;

/** @throws unless one has written, all others were told so, and what is there is the one's */
async function race(store: ObjectStore, condition: WriteCondition, key = "k"): Promise<void> {
  await store.ensureWritable();
  const writes = Array.from({ length: writers }, (_, i) => store.put(key, bytes(`${i}`), condition));
  const outcomes = await Promise.allSettled(writes);
  const won = outcomes.flatMap(({ status }, i) => (status === "fulfilled" ? [`${i}`] : []));
  assert.equal(won.length, 1, `${won.length} of ${writers} were told that they had written`);
  for (const outcome of outcomes)
    if (outcome.status === "rejected") assert.equal(outcome.reason.kind, "Conflict", outcome.reason);
  assert.equal(textOf(await store.get(key)), won[0]);
}

async function countUp(store: ObjectStore, times: number): Promise<void> {
  for (let done = 0; done < times; ) {
    const stored = await store.get("k");
    const next = bytes(`${Number(textOf(stored)) + 1}`);
    const written = store.put("k", next, { ifMatch: stored?.etag ?? "" }).then(() => true);
    if (await written.catch(unlessConflict)) done++;
  }
}

function unlessConflict(error: { kind?: string }): false {
  if (error.kind === "Conflict") return false;
  throw error;
}
