import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LocalStore } from "../../lib/adapters/store/local-store.ts";
import { type OwnTurn, WriteTurns } from "../../lib/domain/documents/write-turns.ts";

const leaseMs = 1_000;
const waitMs = 300; // by the clock of these tests, which goes on a little whenever it is looked at
const keyed = { key: "k", request: "r" };

let root: string;
let now: number;
let steps: number;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "turns-"));
  [now, steps] = [Date.parse("2026-11-27T12:00:00Z"), 0];
});

afterEach(() => rm(root, { recursive: true, force: true }));

/** Of a process of its own. */
const process = () => new WriteTurns(new LocalStore(root), { now: () => now + steps++ * 50 }, leaseMs);

const during = <T>(
  turns: WriteTurns,
  work: (own: OwnTurn) => Promise<T>,
  write = undefined as typeof keyed | undefined,
) => turns.during("docs", write, waitMs, work);

/** Takes the turn and never ends it, as a process that was killed. */
async function die(write?: typeof keyed): Promise<OwnTurn> {
  const taken = Promise.withResolvers<OwnTurn>();
  const work = (own: OwnTurn) => {
    taken.resolve(own);
    return new Promise(() => undefined);
  };
  void during(process(), work, write);
  return taken.promise;
}

/** As a writer does that ends what was left to it. */
async function lookAt(own: OwnTurn) {
  if (own.abandoned) await own.recovered();
  return own.abandoned;
}

test("who comes after a turn that was ended finds nothing abandoned", async () => {
  expect(await during(process(), lookAt)).toBeUndefined();
  await expect(during(process(), async () => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
  expect(await during(process(), lookAt)).toBeUndefined();
});

test("one at a time, whatever process asks", async () => {
  const seen: string[] = [];
  const work = (name: string) => async () => {
    seen.push(`${name} begins`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    seen.push(`${name} ends`);
  };
  const long = 60_000;
  const [one, other] = [1, 2].map(() => new WriteTurns(new LocalStore(root), { now: Date.now }, long));
  await Promise.all(
    [one, one, other, other].map((turns, i) => turns?.during("docs", undefined, long, work(`${i}`))),
  );
  expect(seen).toHaveLength(8);
  for (let i = 0; i < 8; i += 2) expect(seen[i + 1]).toBe(seen[i]?.replace("begins", "ends"));
});

test("writers of different indexes do not wait for each other", async () => {
  await die();
  expect(await process().during("other", undefined, waitMs, async () => "done")).toBe("done");
});

test("a turn that is held is waited for until the deadline, and nothing is done", async () => {
  await die();
  let isDone = false;
  const work = async () => {
    isDone = true;
  };
  await expect(during(process(), work)).rejects.toMatchObject({ kind: "TooBusy" });
  expect(isDone).toBe(false);
});

test("a turn that is too old goes to the next, who is told what was under way and from which version on", async () => {
  await during(process(), async (own) => own.leaves(7));
  await die(keyed);
  now += leaseMs;
  expect(await during(process(), lookAt)).toEqual({ write: keyed, version: 7 });
  expect(await during(process(), lookAt)).toBeUndefined();
  await die();
  now += leaseMs;
  expect(await during(process(), lookAt)).toEqual({ version: 7 });
});

test.each([
  ["fails", async () => Promise.reject(new Error("failed"))],
  ["says nothing of it", async () => undefined],
])(
  "who was told what was under way and %s leaves it to the next, and what it was about itself is not in it",
  async (_, work) => {
    await during(process(), async (own) => own.leaves(7));
    await die(keyed);
    now += leaseMs;
    await during(process(), work, { key: "other", request: "r" }).catch(() => undefined);
    await expect(during(process(), lookAt)).rejects.toMatchObject({ kind: "TooBusy" });
    now += leaseMs;
    expect(await during(process(), lookAt)).toEqual({ write: keyed, version: 7 });
    expect(await during(process(), lookAt)).toBeUndefined();
  },
);

test("who has ended what was under way, and dies, leaves what it was about itself", async () => {
  await die(keyed);
  now += leaseMs;
  const other = { key: "other", request: "r" };
  const recovered = Promise.withResolvers<void>();
  void during(
    process(),
    async (own) => {
      await own.recovered();
      recovered.resolve();
      return new Promise(() => undefined);
    },
    other,
  );
  await recovered.promise;
  now += leaseMs;
  expect(await during(process(), lookAt)).toEqual({ write: other });
});

test("who lost its turn while it ended what was under way is told so", async () => {
  await die(keyed);
  now += leaseMs;
  await expect(
    during(process(), async (own) => {
      now += leaseMs;
      await during(process(), lookAt);
      await own.recovered();
    }),
  ).rejects.toMatchObject({ kind: "StoreUnavailable" });
});

test.each([
  ["is not done where another took it before it was ended", true],
  ["is done where it ended its turn", false],
])("what a holder acknowledges %s", async (_, isTaken) => {
  const done = during(process(), async (own) => {
    own.acknowledges();
    if (isTaken) now += leaseMs;
    if (isTaken) await during(process(), lookAt);
    return "done";
  });
  if (isTaken) await expect(done).rejects.toMatchObject({ kind: "StoreUnavailable" });
  else expect(await done).toBe("done");
});

test("who lost its turn is not permitted any more, and does not end that of the next", async () => {
  const late = Promise.withResolvers<void>();
  const taken = Promise.withResolvers<OwnTurn>();
  const work = (own: OwnTurn) => {
    taken.resolve(own);
    return late.promise;
  };
  const first = during(process(), work, keyed);
  const own = await taken.promise;
  await own.permit();
  now += leaseMs;
  await during(process(), async (next) => {
    await next.permit();
    await expect(own.permit()).rejects.toMatchObject({ kind: "StoreUnavailable" });
    late.resolve();
    await first;
    await next.permit();
  });
});

test("a turn whose outcome is not known is not ended", async () => {
  await during(process(), async (own) => own.abandon(), keyed);
  await expect(during(process(), lookAt)).rejects.toMatchObject({ kind: "TooBusy" });
  now += leaseMs;
  expect(await during(process(), lookAt)).toEqual({ write: keyed });
});

test("the answer to taking a turn that was lost on its way is asked for again", async () => {
  const store = new LocalStore(root);
  const put = store.put.bind(store);
  let lost = 0;
  store.put = async (...given) => {
    const etag = await put(...given);
    if (lost++ > 0) return etag;
    return put(...given); // as a client repeats it that heard nothing: its condition does not hold any more
  };
  const turns = new WriteTurns(store, { now: () => now }, leaseMs);
  await expect(turns.during("docs", undefined, waitMs, async (own) => own.permit())).resolves.toBeUndefined();
  expect(lost).toBe(2);
});

test("what another client has made of a turn is damage, and said so", async () => {
  await new LocalStore(root).put("registry/turns/docs/turn.json", Buffer.from("{}"));
  await expect(during(process(), lookAt)).rejects.toMatchObject({ kind: "EntryDamaged" });
});
