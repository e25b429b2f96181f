import { appendFile, mkdir, readdir, readFile, rename, rm, symlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { S3Store } from "../../lib/adapters/store/s3-store.ts";
import type { Container } from "../../lib/container.ts";
import { discardGeneration } from "../../lib/domain/jobs/discard-generation.ts";
import { migrateInput } from "../../lib/domain/jobs/job.ts";
import { loadUnits } from "../../lib/domain/load/load-units.ts";
import { planMigration } from "../../lib/domain/plan/plan-migration.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { parquetBytes, sampleRows, writeParquetFile } from "../support/parquet-files.ts";
import { startS3Server } from "../support/s3-server.ts";
import { storedRows } from "../support/stored-rows.ts";

/** Each a unit. By the first append the next are decoded, not the last. */
const files = 8;
const rowsInFile = 20;
const name = (file: number) => `part-${file}.parquet`;
const before = (file: number) => sampleRows(rowsInFile, 8, `old${file}-`);
const after = (file: number) => sampleRows(rowsInFile, 8, `new${file}-`);

const credentials = { STORE_ACCESS_KEY_ID: "test", STORE_SECRET_ACCESS_KEY: "test" };

let lakehouse: Lakehouse;
let container: Container;
let s3: Awaited<ReturnType<typeof startS3Server>>;
let bucket: S3Store;
let atFirstAppend: (() => Promise<unknown>) | undefined;

beforeAll(async () => {
  s3 = await startS3Server();
  lakehouse = await createLakehouse();
  const declared = `name = "s3:remote"\nendpoint = "${s3.endpoint}"\ncredentials = "store"\n`;
  await appendFile(join(lakehouse.root, "lakehouse.toml"), `\n[[storage.buckets]]\n${declared}`);
  container = lakehouse.open(credentials);
  bucket = new S3Store(container.buckets.get("s3:remote"));
  watchAppends();
  await writeParquetFile(join(lakehouse.source, "published", name(0)), before(9));
  const published = await runJob(container, { type: "migrate", index: "docs", source: "source/published" });
  expect(published).toMatchObject({ state: "succeeded", generation: "g1" });
});
afterAll(async () => {
  await lakehouse.remove();
  await s3.stop();
});

beforeEach(async () => {
  for (let file = 0; file < files; file++) {
    await writeParquetFile(join(lakehouse.source, "docs", name(file)), before(file));
    await bucket.put(`docs/${name(file)}`, parquetBytes(before(file)));
  }
});

/** What is published is still that of the first job, whole. */
afterEach(async () => {
  atFirstAppend = undefined;
  s3.ignore();
  const entry = (await container.registry.get("docs")).value;
  expect(entry).toMatchObject({ claim: null, published: { generation: "g1", rows: rowsInFile } });
  const stored = await storedRows(lakehouse, "docs");
  expect([...stored.keys()].sort()).toEqual(
    before(9)
      .map(({ doc_id }) => doc_id)
      .sort(),
  );
});

/** Runs what is to happen to the source before the first append of a job. */
function watchAppends() {
  const { loads } = container;
  const append = loads.append.bind(loads);
  loads.append = async (...call) => {
    const change = atFirstAppend;
    atFirstAppend = undefined;
    await change?.();
    return append(...call);
  };
}

const last = join("docs", name(files - 1));
const pathOf = (file: string) => join(lakehouse.source, file);

const changes: [string, () => Promise<unknown>, string][] = [
  ["is renamed over", () => renameOver(last), "has changed"],
  ["is written over", () => writeParquetFile(pathOf(last), after(7)), "has changed"],
  ["is touched", () => utimes(pathOf(last), new Date(), new Date(0)), "has changed"],
  ["is removed", () => rm(pathOf(last)), "is gone"],
];

async function renameOver(file: string) {
  await writeParquetFile(pathOf("draft"), after(7));
  await rename(pathOf("draft"), pathOf(file));
}

async function expectRefused(source: string, what: string) {
  const job = await runJob(container, { type: "migrate", index: "docs", source });
  expect(job).toMatchObject({
    state: "failed",
    error: {
      code: "source-changed",
      phase: "load",
      message: `${last}: ${what} since the job began to read it; start another job when nobody writes to its source`,
      issues: [{ path: last }],
    },
  });
}

test.each(changes)(
  "a job whose file %s while others are loaded fails by its name",
  async (_, change, what) => {
    atFirstAppend = change;
    await expectRefused("source/docs", what);
  },
);

test.each(changes)("another process that takes up the load finds that a file %s", async (_, change, what) => {
  const input = migrateInput.parse({ type: "migrate", index: "docs", source: "source/docs" });
  const context = { signal: new AbortController().signal, remainingMs: () => Number.POSITIVE_INFINITY };
  const id = `taken-up-${Date.now()}`;
  await container.ledger.register(id, input);
  const plan = await planMigration(container, id, input, context);
  await change();
  const loading = loadUnits(lakehouse.open(credentials), id, plan, 0, context);
  await expect(loading).rejects.toMatchObject({
    kind: "SourceChanged",
    message: expect.stringContaining(`${last}: ${what}`),
  });
  await container.ledger.end(id, "failed");
  await discardGeneration(container, id, "docs");
});

describe("on an object store", () => {
  test.each<[string, () => Promise<unknown>, string]>([
    ["is replaced", () => bucket.put(last, parquetBytes(after(7))), "has changed"],
    ["is removed", () => bucket.deletePrefix(last), "is gone"],
  ])("a job whose object %s fails by its name", async (_, change, what) => {
    atFirstAppend = change;
    await expectRefused("s3:remote/docs", what);
  });

  test("the same holds where the store does not know If-Match of reads", async () => {
    const change = async () => {
      await bucket.put(last, parquetBytes(after(7)));
      s3.ignore("if-match");
    };
    atFirstAppend = change;
    await expectRefused("s3:remote/docs", "has changed");
  });
});

test("a link out of the bucket is refused by name, as a file and as a folder of the source", async () => {
  await symlink(lakehouse.environment["LAKEHOUSE_TOML"] as string, pathOf("docs/part-9.parquet"));
  await symlink(join(lakehouse.root, "data"), pathOf("docs/more"));
  for (const [source, key] of [
    ["source/docs", "docs/"],
    ["source/docs/part-9.parquet", "docs/part-9.parquet"],
    ["source/docs/more", "docs/more"],
  ]) {
    const { state, error } = await runJob(container, { type: "migrate", index: "docs", source });
    expect({ state, code: error?.code }).toEqual({ state: "failed", code: "outside-bucket" });
    expect(error?.message).toMatch(new RegExp(`^${key}.*a link leads out of the bucket`));
    expect(error?.message).not.toContain(lakehouse.root);
  }
  await Promise.all([rm(pathOf("docs/part-9.parquet")), rm(pathOf("docs/more"))]);
});

test("an index whose folder is a link out of the bucket is neither built nor served", async () => {
  await mkdir(join(lakehouse.root, "elsewhere"));
  await symlink(join(lakehouse.root, "elsewhere"), join(lakehouse.root, "data/lance/linked"));
  const { state, error } = await runJob(container, {
    type: "migrate",
    index: "linked",
    source: "source/docs",
  });
  expect({ state, code: error?.code }).toEqual({ state: "failed", code: "outside-bucket" });
  expect(await readdir(join(lakehouse.root, "elsewhere"))).toEqual([]);
});

test("files that are added after the plan are no part of the job, and one that is only read is the same", async () => {
  const change = async () => {
    await writeParquetFile(pathOf("docs/added.parquet"), after(5));
    await readFile(pathOf(last));
  };
  atFirstAppend = change;
  const job = await runJob(container, { type: "migrate", index: "others", source: "source/docs" });
  expect(job).toMatchObject({ state: "succeeded", rows: { done: files * rowsInFile } });
  await rm(pathOf("docs/added.parquet"));
});
