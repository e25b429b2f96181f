import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Connection, connect, Index, type Table } from "@lancedb/lancedb";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { filesNamedBy } from "../../lib/adapters/lance/files/manifest.ts";
import { manifestName } from "../../lib/adapters/lance/files/manifest-name.ts";
import { copyVersion } from "../../lib/adapters/lance/writing/fork-table.ts";
import { LocalStore } from "../../lib/adapters/store/local-store.ts";
import { S3Store } from "../../lib/adapters/store/s3-store.ts";
import type { DomainError } from "../../lib/domain/errors.ts";
import type { ObjectStore } from "../../lib/domain/object-store.ts";
import { withField } from "../support/manifest-field.ts";
import { sampleRows } from "../support/parquet-files.ts";
import { startS3Server } from "../support/s3-server.ts";

const rows = sampleRows(3_400, 8) as unknown as Record<string, unknown>[];
const permitted = async () => undefined;

let root: string;
let folder: string;
let connection: Connection;
let table: Table;
let store: LocalStore;

/** As clients leave one: rows deleted from two fragments, an index in two parts, one of ids, rows that no index has. */
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "fork-"));
  folder = join(root, "lance/docs/g1.lance");
  connection = await connect(join(root, "lance/docs"));
  table = await connection.createTable("g1", rows.slice(0, 3_000));
  await table.createIndex("vector", { config: Index.ivfFlat({ numPartitions: 1, distanceType: "cosine" }) });
  await table.createIndex("doc_id", { config: Index.btree() });
  await table.add(rows.slice(3_000, 3_300));
  await table.optimize();
  await table.delete("doc_id IN ('d3', 'd5', 'd3100')");
  await table.add(rows.slice(3_300));
  store = new LocalStore(root);
});

afterEach(async () => {
  table.close();
  connection.close();
  await rm(root, { recursive: true, force: true });
});

const fork = async () =>
  copyVersion(store, "lance/docs/g1.lance/", await table.version(), "lance/docs/g2.lance/", permitted);
const named = async () =>
  filesNamedBy(await readFile(join(folder, "_versions", manifestName(await table.version()))));
const refusal = () =>
  fork()
    .then(() => undefined)
    .catch((error: DomainError) => error);
const tables = () => connection.tableNames();

async function written(path: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), "of tomorrow");
}

/** What a reader sees of a table. */
async function seen(opened: Table) {
  const found = await opened
    .query()
    .nearestTo(rows[7]?.["vector"] as number[])
    .limit(20)
    .toArray();
  const indexes = (await opened.listIndices()).map(({ name }) => name).sort();
  const stats = await Promise.all(indexes.map((name) => opened.indexStats(name)));
  const ids = (await opened.query().select(["doc_id"]).toArray()).map(({ doc_id }) => doc_id).sort();
  return { ids, nearest: found.map(({ doc_id }) => doc_id), indexes, stats };
}

test("a fork has all rows, deletions and parts of indexes, and goes its own way", async () => {
  expect((await table.indexStats("vector_idx"))?.numIndices).toBe(2);
  await fork();
  const forked = await connection.openTable("g2");
  expect(await seen(forked)).toEqual(await seen(table));
  await rm(folder, { recursive: true });
  await forked.optimize({ cleanupOlderThan: new Date(), deleteUnverified: true });
  expect(await forked.countRows()).toBe(3_397);
  forked.close();
});

test("a manifest names exactly the files that LanceDB keeps of its version", async () => {
  await table.optimize({ cleanupOlderThan: new Date(), deleteUnverified: true });
  await table.optimize({ cleanupOlderThan: new Date(), deleteUnverified: true });
  await table.delete("doc_id = 'd9'"); // one file of deletions at least
  await table.createIndex("doc_id", { config: Index.btree(), replace: true });
  await table.optimize({ cleanupOlderThan: new Date(), deleteUnverified: true });
  const { files, folders, unknown } = await named();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  const kept = paths.filter((path) => /^(data|_deletions|_indices)\//.test(path));
  expect(files.filter((path) => !path.startsWith("_transactions/")).sort()).toEqual(kept.sort());
  expect(paths).toEqual(expect.arrayContaining(files));
  expect([folders, unknown]).toEqual([[], []]);
  expect(kept.some((path) => path.startsWith("_deletions/"))).toBe(true);
});

test.each(["data/", "_deletions/", "_indices/", "_transactions/"])(
  "where a file of %s is gone nothing is committed, and the table is said to have changed",
  async (part) => {
    const path = (await named()).files.find((one) => one.startsWith(part)) ?? "";
    await rm(join(folder, path));
    expect(await refusal()).toMatchObject({ kind: "StoreUnavailable" });
    expect(await tables()).toEqual(["g1"]);
  },
);

test("a file that is copied in part is noticed before the copy is committed", async () => {
  const path = (await named()).files.find((one) => one.startsWith("data/")) ?? "";
  await mkdir(join(root, "lance/docs/g2.lance/data"), { recursive: true });
  await writeFile(join(root, "lance/docs/g2.lance", path), "half");
  expect(await refusal()).toMatchObject({ kind: "StoreUnavailable" });
  expect(await readdir(join(root, "lance/docs/g2.lance"))).not.toContain("_versions");
});

test.each([
  ["_mem_wal/shard-1/1.wal", "_mem_wal/"],
  ["zzz/later.lance", "zzz/"],
  ["index.of.all", "index.of.all"],
  ["data/part.blob", "data/part.blob"],
  ["_deletions/0-1-2.cuckoo", "_deletions/0-1-2.cuckoo"],
])("a table with %s is refused by its name, and nothing of it copied", async (path, name) => {
  await written(path);
  const error = await refusal();
  expect(error).toMatchObject({ kind: "TableNotKnown", message: expect.stringContaining(`: ${name}`) });
  expect(await readdir(join(root, "lance/docs"))).toEqual(["g1.lance"]);
});

test("tags and branches of a table are about its versions, and no part of a fork", async () => {
  await (await table.tags()).create("good", await table.version());
  await fork();
  expect(await tables()).toEqual(["g1", "g2"]);
});

test("a manifest with fields of tomorrow is refused by their numbers", async () => {
  const path = join(folder, "_versions", manifestName(await table.version()));
  const bytes = await readFile(path);
  expect(filesNamedBy(withField(bytes, 30)).unknown).toEqual(["field 30 of the manifest"]);
  expect(filesNamedBy(withField(bytes, 18)).unknown).toEqual(["files in other folders"]);
  await writeFile(path, withField(bytes, 30));
  expect(await refusal()).toMatchObject({
    kind: "TableNotKnown",
    message: expect.stringContaining("field 30 of the manifest"),
  });
});

/** As a bucket holds them: listed in the order of their bytes. */
let s3: Awaited<ReturnType<typeof startS3Server>>;
beforeAll(async () => {
  s3 = await startS3Server();
});
afterAll(() => s3.stop());

test("on S3, too, what is not known is found past a long history", async () => {
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const bucket = { name: "s3", backend: "s3", root: "s3://b", readOnly: false, region: "us-east-1" } as const;
  const remote: ObjectStore = new S3Store({ ...bucket, endpoint: s3.endpoint, credentials });
  for (const { key } of await store.list("lance/docs/g1.lance/"))
    await remote.put(key, (await store.get(key))?.body ?? new Uint8Array());
  const version = await table.version();
  const copied = () =>
    copyVersion(remote, "lance/docs/g1.lance/", version, "lance/docs/g2.lance/", permitted);
  await copied();
  const sizes = async (of: string) =>
    (await remote.list(`lance/docs/${of}.lance/`)).map(({ key, bytes }) => [key.replace(/g\d/, "g"), bytes]);
  expect(await sizes("g1")).toEqual(expect.arrayContaining(await sizes("g2")));
  await remote.put("lance/docs/g1.lance/_versions_of_tomorrow/1", new Uint8Array(1));
  await expect(copied()).rejects.toMatchObject({
    kind: "TableNotKnown",
    message: expect.stringContaining("_versions_of_tomorrow/"),
  });
});
