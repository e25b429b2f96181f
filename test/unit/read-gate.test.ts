import { getEventListeners } from "node:events";
import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import type { DomainError } from "../../lib/domain/errors.ts";
import { ReadGate } from "../../lib/domain/search/read-gate.ts";

afterEach(() => {
  vi.useRealTimers();
});

const patient = { timeoutMs: 60_000 };
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Work that goes on until it is told to end. */
function works() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const work = (name: string) => () =>
    new Promise<string>((resolve) => {
      begun.push(name);
      ends.set(name, () => resolve(name));
    });
  return { begun, work, end: (name: string) => ends.get(name)?.() };
}

const kindOf = (work: Promise<unknown>) => work.then(String, (error: DomainError) => error.kind);

test("so many begin at once, the others in their order as these end", async () => {
  const gate = new ReadGate({ bytes: 100, reads: 2 });
  const { begun, work, end } = works();
  const all = ["a", "b", "c", "d"].map((name) => gate.run(1, patient, work(name)));
  expect(begun).toEqual(["a", "b"]);
  end("b");
  await turn();
  expect(begun).toEqual(["a", "b", "c"]);
  for (const name of ["a", "c"]) end(name);
  await turn();
  end("d");
  expect(await Promise.all(all)).toEqual(["a", "b", "c", "d"]);
});

test("what takes much memory counts for more, and runs alone when it takes more than there is", async () => {
  const gate = new ReadGate({ bytes: 100, reads: 10 });
  const { begun, work, end } = works();
  const all = [
    gate.run(60, patient, work("large")),
    gate.run(1_000, patient, work("huge")),
    gate.run(1, patient, work("small")),
  ];
  expect(begun).toEqual(["large"]); // none overtakes: the huge one would wait for ever
  end("large");
  await turn();
  expect(begun).toEqual(["large", "huge"]);
  end("huge");
  await turn();
  end("small");
  await Promise.all(all);
});

test("one whose client goes away while it waits never begins, and makes room for those behind it", async () => {
  const gate = new ReadGate({ bytes: 100, reads: 10 });
  const { begun, work, end } = works();
  const client = new AbortController();
  const first = gate.run(50, patient, work("first"));
  const gone = kindOf(gate.run(100, { ...patient, signal: client.signal }, work("gone")));
  const behind = gate.run(10, patient, work("behind"));
  client.abort({ kind: "ClientGone" });
  expect(await gone).toBe("ClientGone");
  await turn();
  expect(begun).toEqual(["first", "behind"]);
  await expect(gate.run(1, { ...patient, signal: client.signal }, work("late"))).rejects.toEqual({
    kind: "ClientGone",
  });
  for (const name of ["first", "behind"]) end(name);
  await Promise.all([first, behind]);
  expect(begun).not.toContain("late");
});

test("one that could not begin before its deadline is refused as too busy", async () => {
  const gate = new ReadGate({ bytes: 1, reads: 1 });
  const { begun, work, end } = works();
  const first = gate.run(1, patient, work("first"));
  const late = kindOf(gate.run(1, { timeoutMs: limits.busyMarginMs + 20 }, work("late")));
  expect(await late).toBe("TooBusy");
  end("first");
  await first;
  expect([begun, gate.waiting]).toEqual([["first"], 0]);
});

test("who waits is refused while there is time to say so, and who begins leaves no timer and no listener", async () => {
  vi.useFakeTimers();
  const gate = new ReadGate({ bytes: 1, reads: 1 });
  const { work, end } = works();
  const first = gate.run(1, patient, work("first"));
  const late = kindOf(gate.run(1, { timeoutMs: 1_000 }, work("late")));
  const { signal } = new AbortController();
  const second = gate.run(1, { ...patient, signal }, work("second"));
  await vi.advanceTimersByTimeAsync(1_000 - limits.busyMarginMs - 1);
  expect([gate.waiting, getEventListeners(signal, "abort").length]).toEqual([2, 1]);
  await vi.advanceTimersByTimeAsync(1);
  expect([await late, gate.waiting]).toEqual(["TooBusy", 1]);
  end("first");
  await first;
  expect([vi.getTimerCount(), getEventListeners(signal, "abort").length]).toEqual([0, 0]);
  end("second");
  await second;
});

test("more than so many do not wait", async () => {
  const gate = new ReadGate({ bytes: 1, reads: 1 });
  const { work, end } = works();
  const first = gate.run(1, patient, work("first"));
  const client = new AbortController();
  const queue = Array.from({ length: limits.maxWaitingReads + 1 }, () =>
    kindOf(gate.run(1, { ...patient, signal: client.signal }, work("more"))),
  );
  expect(await queue.at(-1)).toBe("TooBusy");
  client.abort({ kind: "ClientGone" });
  expect(new Set((await Promise.all(queue)).slice(0, -1))).toEqual(new Set(["ClientGone"]));
  end("first");
  await first;
});

test("whatever comes, goes away and fails: never more than there is, and nothing is left at the end", async () => {
  const read = fc.record({
    bytes: fc.integer({ min: 0, max: 150 }),
    turns: fc.nat(4),
    fails: fc.boolean(),
    leaves: fc.option(fc.nat(6)),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(read, { maxLength: 30 }), async (reads) => {
      const gate = new ReadGate({ bytes: 100, reads: 8 });
      let [taken, under] = [0, 0];
      const outcomes = reads.map(async ({ bytes, turns, fails, leaves }) => {
        const client = new AbortController();
        if (leaves !== null)
          void (async () => {
            for (let i = 0; i < leaves; i++) await turn();
            client.abort(new Error("gone"));
          })();
        await gate.run(bytes, { ...patient, signal: client.signal }, async () => {
          const own = Math.min(100, Math.max(12, bytes));
          taken += own;
          under += 1;
          expect(taken).toBeLessThanOrEqual(100);
          expect(under).toBeLessThanOrEqual(8);
          for (let i = 0; i < turns; i++) await turn();
          taken -= own;
          under -= 1;
          if (fails) throw new Error("failed");
        });
      });
      for (const outcome of await Promise.allSettled(outcomes))
        if (outcome.status === "rejected") expect(outcome.reason.message).toMatch(/^(gone|failed)$/);
      expect([gate.waiting, taken]).toEqual([0, 0]);
      expect(await gate.run(100, { timeoutMs: limits.busyMarginMs }, async () => "free")).toBe("free");
    }),
    { numRuns: 100 },
  );
});
