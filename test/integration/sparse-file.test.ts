import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SparseFile } from "../../lib/adapters/lance/replicas/sparse-file.ts";
import { LocalStore } from "../../lib/adapters/store/local-store.ts";
import { limits } from "../../lib/config/limits.ts";
import { DomainError } from "../../lib/domain/errors.ts";

const { blockBytes } = limits;
const most = 30 * blockBytes;

let root: string;
let store: MoodyStore;
let object: Buffer;

/** Tells what was read, and fails when it is told to. */
class MoodyStore extends LocalStore {
  reads: { start: number; end: number }[] = [];
  fails = (_start: number) => false;

  override async readInto(...[key, start, into, identity]: Parameters<LocalStore["readInto"]>) {
    this.reads.push({ start, end: start + into.length });
    await new Promise(setImmediate);
    if (this.fails(start)) throw new DomainError("StoreUnavailable", "the object store failed");
    return super.readInto(key, start, into, identity);
  }
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "sparse-file-"));
  object = Buffer.from(
    Uint8Array.from({ length: most }, (_, i) => 1 + ((i * 31 + Math.floor(i / 251)) % 255)),
  );
});

afterAll(() => rm(root, { recursive: true, force: true }));

const path = () => join(root, "copy");

async function create(bytes: number, pieces: { start: number; end: number }[] = []) {
  store = new MoodyStore(root);
  await writeFile(join(root, "object"), object.subarray(0, bytes));
  const known = pieces.map(({ start, end }) => ({ start, bytes: object.subarray(start, end) }));
  return SparseFile.create(store, { key: "object", path: path(), bytes }, known);
}

/** Where a file of so many bytes may be read; mostly near the ends of blocks, and at its own. */
const rangeIn = (bytes: number) =>
  fc.tuple(fc.nat(bytes), fc.nat(bytes), fc.boolean(), fc.boolean()).map(([a, b, onBlock, toEnd]) => {
    const start = onBlock ? a - (a % blockBytes) : a;
    return { start: Math.min(start, b), end: toEnd ? bytes : Math.max(start, b) };
  });

const files = fc.integer({ min: 1, max: most }).chain((bytes) =>
  fc.record({
    bytes: fc.constant(bytes),
    pieces: fc.array(rangeIn(bytes), { maxLength: 4 }),
    asked: fc.array(fc.array(rangeIn(bytes), { minLength: 1, maxLength: 4 }), { maxLength: 6 }),
    failing: fc.array(fc.boolean(), { maxLength: 6 }),
  }),
);

test("what it says is there is there and equal, whatever was there first, is asked for at the same time, or fails", async () => {
  await fc.assert(
    fc.asyncProperty(files, async ({ bytes, pieces, asked, failing }) => {
      const file = await create(bytes, pieces);
      let read = 0;
      store.fails = () => failing[read++] ?? false;
      await Promise.all(
        asked.map(async (ranges) => {
          const isThere = await file.ensure(ranges).then(
            () => true,
            () => false,
          );
          const copy = await readFile(path());
          for (const { start, end } of isThere ? ranges : [])
            expect(copy.subarray(start, end).equals(object.subarray(start, end))).toBe(true);
        }),
      );
      store.fails = () => false;
      for (const range of asked.flat()) {
        const got = await file.asBytes().read(range);
        expect(Buffer.from(got).equals(object.subarray(range.start, range.end))).toBe(true);
      }
      await file.complete({ concurrency: 3 });
      expect((await readFile(path())).equals(object.subarray(0, bytes))).toBe(true);
      store.reads.length = 0;
      await file.ensure([{ start: 0, end: bytes }]);
      expect(store.reads).toEqual([]);
    }),
    { numRuns: 150, seed: 5 },
  );
});

test("what is asked for by many at a time is read once", async () => {
  const file = await create(most);
  await Promise.all(Array.from({ length: 8 }, () => file.ensure([{ start: 0, end: most }])));
  expect(store.reads).toEqual([{ start: 0, end: most }]);
});

test("after a failure no more of its parts are begun", async () => {
  const file = await create(most);
  store.fails = (start) => start === 0;
  const ranges = Array.from({ length: 30 }, (_, i) => ({ start: i * blockBytes, end: (i + 1) * blockBytes }));
  await expect(file.ensureInParts(ranges, { concurrency: 3 })).rejects.toMatchObject({
    kind: "StoreUnavailable",
  });
  await sleep(100); // in which the others would read all of it
  expect(store.reads.length).toBeLessThan(10);
});
