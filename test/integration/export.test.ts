import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { deleteDocuments, deleteRequest } from "../../lib/domain/documents/delete-documents.ts";
import { writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import { exportUnits } from "../../lib/domain/export/export-units.ts";
import { planExport } from "../../lib/domain/export/plan-export.ts";
import { publishExport } from "../../lib/domain/export/publish-export.ts";
import { publishedOf } from "../../lib/domain/index/published.ts";
import { cancelJob } from "../../lib/domain/jobs/cancel-job.ts";
import { exportInput } from "../../lib/domain/jobs/export-input.ts";
import { listDocuments } from "../../lib/domain/search/list-documents.ts";
import { withTable } from "../support/append-rows.ts";
import { wholeExport } from "../support/exported.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { sampleRows, writeParquetFile } from "../support/parquet-files.ts";

let lakehouse: Lakehouse;
let container: Container;

const parquet = join(import.meta.dirname, "../support/parquet");

beforeAll(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
  await mkdir(lakehouse.source, { recursive: true });
});
afterAll(() => lakehouse.remove());

const exported = (index: string, target: string, more: object = {}) =>
  runJob(container, { type: "export", index, target, ...more });

/** As a client sees them, with every column. */
async function documentsOf(index: string) {
  const { columns, idColumn } = publishedOf((await container.registry.get(index)).value);
  const select = columns.map(({ name }) => name).filter((name) => name !== idColumn);
  const request = { limit: 1_000, select, consistency: "strong" } as const;
  const { documents, next } = await listDocuments(container.indexes, index, request, 10_000);
  expect(next).toBeNull();
  return new Map(documents.map((one) => [one.doc_id, JSON.parse(JSON.stringify(one))]));
}

async function manifestOf(target: string) {
  const found = await container.stores("primary").get(`${target}/manifest.json`);
  return JSON.parse(new TextDecoder().decode(found?.body));
}

test("an export has every row of every type, and migrated again it is the same index", async () => {
  await copyFile(join(parquet, "column-types.parquet"), join(lakehouse.source, "types.parquet"));
  const told = { type: "migrate", idColumn: "id", vectorColumn: "vector" };
  expect(
    (await runJob(container, { ...told, index: "types", source: "source/types.parquet" })).error,
  ).toBeNull();
  const job = await exported("types", "primary/exports/types");
  expect(job).toMatchObject({
    state: "succeeded",
    error: null,
    rows: { done: 4, total: 4 },
    units: { done: 1, total: 1 },
  });
  const again = await runJob(container, { ...told, index: "again", source: "primary/exports/types" });
  expect(again.error).toBeNull();
  const [before, after] = await Promise.all(
    ["types", "again"].map(async (index) => (await container.registry.get(index)).value.published),
  );
  expect(after?.columns).toEqual(before?.columns);
  expect(await documentsOf("again")).toEqual(await documentsOf("types"));
});

const pad = (value: number, digits: number) => String(value).padStart(digits, "0");
const instant = fc
  .tuple(fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }), fc.integer({ min: 0, max: 999_999 }))
  .map(([seconds, micros]) => ({ second: new Date(seconds * 1_000).toISOString().slice(0, 19), micros }));
const near = fc
  .integer({ min: 0, max: 2_000_000_000 })
  .map((s) => new Date(s * 1_000).toISOString().slice(0, 19));
const double = fc.double().map((value) => (Number.isFinite(value) ? value : String(value)));
const int = (least: bigint, greatest: bigint) => fc.bigInt(least, greatest).map(String);
const listOf = (one: fc.Arbitrary<unknown>) => fc.array(fc.option(one), { maxLength: 4 });

/** Values of each type, as a request gives them. */
const valuesOf: Record<string, fc.Arbitrary<unknown>> = {
  Utf8: fc.string({ unit: "binary", maxLength: 30 }),
  Binary: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString("base64")),
  Bool: fc.boolean(),
  Int8: fc.integer({ min: -128, max: 127 }),
  Uint32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  Int64: int(-(2n ** 63n), 2n ** 63n - 1n),
  Uint64: int(0n, 2n ** 64n - 1n),
  Float32: fc.float({ noNaN: true, noDefaultInfinity: true }),
  Float64: double,
  "Decimal[38e+10]": fc
    .tuple(int(-(10n ** 28n) + 1n, 10n ** 28n - 1n), fc.nat(9_999_999_999))
    .map(([whole, part]) => `${whole}.${pad(part, 10)}`),
  "Timestamp<SECOND>": instant.map(({ second }) => `${second}Z`),
  "Timestamp<MICROSECOND, Europe/Berlin>": instant.map(
    ({ second, micros }) => `${second}.${pad(micros, 6)}Z`,
  ),
  "Timestamp<NANOSECOND>": fc
    .tuple(near, fc.nat(999_999_999))
    .map(([second, nanos]) => `${second}.${pad(nanos, 9)}Z`),
  "Date32<DAY>": instant.map(({ second }) => second.slice(0, 10)),
  "Time64<MICROSECOND>": instant.map(({ second, micros }) => `${second.slice(11)}.${pad(micros, 6)}`),
  "Duration<MILLISECOND>": fc
    .nat(1_000_000_000)
    .map((ms) => `PT${Math.floor(ms / 1_000)}.${pad(ms % 1_000, 3)}S`),
  "List<Utf8>": listOf(fc.string({ maxLength: 8 })),
  "List<Timestamp<MILLISECOND>>": listOf(near.map((second) => `${second}Z`)),
  "FixedSizeList[2]<Uint64>": fc.tuple(int(0n, 2n ** 64n - 1n), int(0n, 2n ** 64n - 1n)),
};

test("whatever rows of whatever types an index has: exported and migrated again they are the same", async () => {
  const types = Object.keys(valuesOf);
  const columns = types.map((type, i) => ({ name: `c${i}`, type }));
  const row = fc.tuple(...Object.values(valuesOf).map((values) => fc.option(values)));
  const vector = fc.tuple(...[1, 2].map(() => fc.float({ min: 0.5, max: 1e6, noNaN: true })));
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(row, vector), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 50 }),
      async (rows, fileRows) => {
        const [index, again] = [`any-${runs}`, `any-again-${runs++}`];
        await createIndex(container, createRequest.parse({ name: index, dimension: 2, columns }), undefined);
        const documents = rows.map(([values, vector], i) => ({
          ...Object.fromEntries(values.map((value, at) => [`c${at}`, value])),
          ...{ doc_id: `d${i}`, vector },
        }));
        await writeDocuments(container, { index, mode: "upsert", documents, keyed: undefined }, 30_000);
        const target = `primary/exports/${index}`;
        expect((await exported(index, target, { fileRows })).error).toBeNull();
        const told = { idColumn: "doc_id", vectorColumn: "vector", indexType: "IVF_FLAT", filterColumns: [] };
        expect(
          (await runJob(container, { type: "migrate", index: again, source: target, ...told })).error,
        ).toBeNull();
        const columnsOf = async (name: string) =>
          (await container.registry.get(name)).value.published?.columns;
        expect(await columnsOf(again)).toEqual(await columnsOf(index));
        expect(await documentsOf(again)).toEqual(await documentsOf(index));
      },
    ),
    { numRuns: 5, endOnFailure: true },
  );
}, 240_000);

async function migrated(index: string, rows: number, more: object = {}) {
  await writeParquetFile(join(lakehouse.source, `${index}.parquet`), sampleRows(rows));
  const input = { type: "migrate", index, source: `source/${index}.parquet`, indexType: "IVF_FLAT", ...more };
  expect((await runJob(container, input)).error).toBeNull();
}

test("the manifest names every file with its rows, bytes and checksum, and what the index is", async () => {
  await migrated("told", 300);
  const job = await exported("told", "primary/exports/told");
  const manifest = await manifestOf("exports/told");
  expect(manifest).toMatchObject({
    ...{ format: 1, job: job.id, index: "told", generation: "g1", rows: 300 },
    ...{ idColumn: "doc_id", vectorColumn: "vector", dimension: 8, metric: "cosine" },
    files: [{ name: `part-00000-${job.id}.parquet`, rows: 300 }],
  });
  const body = await readFile(join(lakehouse.root, "data/exports/told", manifest.files[0].name));
  const sha256 = createHash("sha256").update(body).digest("hex");
  expect(manifest.files[0]).toMatchObject({ bytes: body.length, sha256 });
  expect((await container.registry.get("told")).value).toMatchObject({ claim: null, state: "ready" });
  expect(await keysUnder("exports/told/")).toEqual([`part-00000-${job.id}.parquet`, "manifest.json"].sort());
});

const keysUnder = async (prefix: string) =>
  (await container.stores("primary").list(prefix)).map(({ key }) => key.slice(prefix.length)).sort();

test("columns that are named are exported alone; one that is not there is named", async () => {
  await migrated("some", 50);
  expect(
    (await exported("some", "primary/exports/some", { columns: ["vector", "doc_id"] })).error,
  ).toBeNull();
  expect((await manifestOf("exports/some")).columns).toEqual([
    { name: "vector", type: "FixedSizeList[8]<Float32>" },
    { name: "doc_id", type: "Utf8" },
  ]);
  const job = await exported("some", "primary/exports/none", { columns: ["nothing"] });
  expect(job.error).toMatchObject({
    code: "bad-request",
    message: expect.stringContaining('no column "nothing"'),
  });
  expect(await keysUnder("exports/none/")).toEqual([]);
  expect((await container.registry.get("some")).value.claim).toBeNull();
});

test("a target under which there is anything is refused by name, and left as it is", async () => {
  await migrated("full", 20);
  await container.stores("primary").put("exports/full/notes.txt", new Uint8Array([1]));
  const refused = await exported("full", "primary/exports/full");
  expect(refused.error).toMatchObject({ code: "conflict", message: expect.stringContaining("notes.txt") });
  expect(await keysUnder("exports/full/")).toEqual(["notes.txt"]);
  expect((await exported("full", "primary/exports/first")).error).toBeNull();
  const before = await keysUnder("exports/first/");
  for (const target of ["primary/exports/first", "primary/exports/first/inner"])
    expect((await exported("full", target)).error).toMatchObject({ code: "conflict" });
  expect(await keysUnder("exports/first/")).toEqual(before);
});

test("files hold rows that follow each other, at most so many as are asked for", async () => {
  await migrated("cut", 250);
  const job = await exported("cut", "primary/exports/cut", { fileRows: 60, workers: 2 });
  expect(job).toMatchObject({ error: null, units: { done: 5, total: 5 }, rows: { done: 250, total: 250 } });
  const { ids } = await wholeExport(container.stores("primary"), "exports/cut/");
  expect(ids.map(({ length }) => length)).toEqual([60, 60, 60, 60, 10]);
  expect(new Set(ids.flat()).size).toBe(250);
});

/** Does something before the second file of an export is read. */
function beforeSecondFile(work: () => Promise<unknown>): () => void {
  const { exports } = container;
  let files = 0;
  container.exports = {
    sizeOf: (...given) => exports.sizeOf(...given),
    sha256Of: (...given) => exports.sha256Of(...given),
    parquetOf: async (...given) => {
      if (++files === 2) await work();
      return exports.parquetOf(...given);
    },
  };
  return () => {
    container.exports = exports;
  };
}

test("what is written, deleted or folded while it runs is in a later version", async () => {
  await migrated("live", 100);
  const restore = beforeSecondFile(async () => {
    const vector = [1, 0, 0, 0, 0, 0, 0, 0];
    const documents = [{ doc_id: "later", vector }];
    await writeDocuments(container, { index: "live", mode: "upsert", documents, keyed: undefined }, 30_000);
    await deleteDocuments(container, "live", deleteRequest.parse({ ids: ["d1", "d99"] }), undefined, 30_000);
    const other = runJob(container, { type: "optimize", index: "live" });
    await expect(other).rejects.toMatchObject({ kind: "Conflict" });
  });
  const job = await exported("live", "primary/exports/live", { fileRows: 40, workers: 1 });
  restore();
  expect(job.error).toBeNull();
  const { ids } = await wholeExport(container.stores("primary"), "exports/live/");
  expect(ids.flat().sort()).toEqual(
    sampleRows(100)
      .map(({ doc_id }) => doc_id)
      .sort(),
  );
  expect((await exported("live", "primary/exports/later")).error).toBeNull();
  const later = await wholeExport(container.stores("primary"), "exports/later/");
  expect(later.manifest.version).toBeGreaterThan((await manifestOf("exports/live")).version);
  expect(later.ids.flat()).toHaveLength(99);
});

test("where another client cleans the version up, it fails and leaves nothing", async () => {
  await migrated("gone", 100);
  const restore = beforeSecondFile(async () => {
    const ref = { index: "gone", bucket: "primary", generation: "g1" };
    await withTable(lakehouse.environment, ref, async (table) => {
      await table.delete("doc_id = 'd1'");
      for (let i = 0; i < 2; i++)
        await table.optimize({ cleanupOlderThan: new Date(), deleteUnverified: true });
    });
  });
  const job = await exported("gone", "primary/exports/gone", { fileRows: 40, workers: 1 });
  restore();
  expect(job.error).toMatchObject({ code: "source-changed" });
  expect(await keysUnder("exports/gone/")).toEqual([]);
  expect((await container.registry.get("gone")).value.claim).toBeNull();
});

test("cancelled, it removes what it has written, and its index is free", async () => {
  await migrated("left", 100);
  let cancelled: Promise<unknown> | undefined;
  const restore = beforeSecondFile(async () => {
    const claim = (await container.registry.get("left")).value.claim;
    cancelled = cancelJob(container, claim?.job ?? "");
    await expect.poll(() => container.ledger.ended(claim?.job ?? "")).toMatchObject({ state: "cancelled" });
  });
  const job = await exported("left", "primary/exports/left", { fileRows: 40, workers: 1 });
  await cancelled;
  restore();
  expect(job.state).toBe("cancelled");
  await expect.poll(() => keysUnder("exports/left/")).toEqual([]);
  expect((await container.registry.get("left")).value.claim).toBeNull();
  expect((await exported("left", "primary/exports/left")).error).toBeNull();
});

test("a worker out of time hands over; the next does not write again what is there, and two at a time write the same", async () => {
  await migrated("slow", 200);
  const input = exportInput.parse({
    type: "export",
    index: "slow",
    target: "primary/exports/slow",
    fileRows: 50,
  });
  await container.ledger.register("slow", input);
  const plan = await planExport(container, "slow", input);
  const worker = (remainingMs: number) => {
    const context = { signal: new AbortController().signal, remainingMs: () => remainingMs };
    return exportUnits(container, "slow", { ...plan, workers: 1 }, 0, context);
  };
  expect(await worker(0)).toEqual({ done: false });
  const store = container.stores("primary");
  const [first] = await store.list("exports/slow/part-");
  expect(await Promise.all([worker(60_000), worker(60_000)])).toEqual([{ done: true }, { done: true }]);
  const parts = await store.list("exports/slow/part-");
  expect(parts).toHaveLength(4);
  expect(parts[0]).toEqual(first);
  await store.put(parts[1]?.key ?? "", (await store.get(parts[1]?.key ?? ""))?.body ?? new Uint8Array()); // one more, late
  await publishExport(container, "slow", plan);
  const before = await wholeExport(store, "exports/slow/");
  await publishExport(container, "slow", plan);
  expect(await wholeExport(store, "exports/slow/")).toEqual(before);
  expect((await container.registry.get("slow")).value.claim).toBeNull();
});

test("an index without rows has a manifest of no files", async () => {
  await createIndex(container, createRequest.parse({ name: "empty", dimension: 4, columns: [] }), undefined);
  expect((await exported("empty", "primary/exports/empty")).error).toBeNull();
  expect(await manifestOf("exports/empty")).toMatchObject({ rows: 0, bytes: 0, files: [] });
});
