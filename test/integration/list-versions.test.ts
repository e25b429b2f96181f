import { join } from "node:path";
import { connect } from "@lancedb/lancedb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import type { Container } from "../../lib/container.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { deleteDocuments, parseDelete } from "../../lib/domain/documents/delete-documents.ts";
import { listVersions, type VersionList } from "../../lib/domain/documents/list-versions.ts";
import { writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import { fetchDocument } from "../../lib/domain/search/fetch-document.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";

/** Versions of an index as they are listed: by whom each was made, and in which order they are. */
let lakehouse: Lakehouse;
let container: Container;

beforeAll(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open({ RETIRE_AFTER_MS: "10000" });
});

afterAll(() => lakehouse.remove());

const made = (name: string) =>
  createIndex(container, createRequest.parse({ name, dimension: 2, columns: [] }), undefined);

const vectorOf = (id: string) => [id.length, id.charCodeAt(id.length - 1)];
const write = (index: string, ...ids: string[]) => {
  const documents = ids.map((doc_id) => ({ doc_id, vector: vectorOf(doc_id) }));
  return writeDocuments(container, { index, mode: "upsert", documents, keyed: undefined }, 20_000);
};

const list = (index: string, more: { cursor?: string; limit?: number } = {}) =>
  listVersions(container, index, { limit: limits.maxListedVersions, ...more });

const told = ({ versions }: VersionList) =>
  versions.map(({ generation, version, by, operation, rows }) => [generation, version, by, operation, rows]);

/** Another client at the table itself. */
async function asClient(
  index: string,
  generation: string,
  work: (table: Awaited<ReturnType<typeof opened>>) => Promise<unknown>,
) {
  const table = await opened(index, generation);
  await work(table);
  table.close();
}

const opened = async (index: string, generation: string) =>
  (await connect(join(lakehouse.root, "data/lance", index))).openTable(generation);

test("whoever made a version is told with what it did, by the numbers that writes answer", async () => {
  await made("docs");
  expect(told(await list("docs"))).toEqual([["g1", 1, "creation", "create", 0]]);
  const first = await write("docs", "a", "b");
  await asClient("docs", "g1", (table) => table.add([{ doc_id: "theirs", vector: [1, 1] }]));
  expect(told(await list("docs"))[0]).toEqual(["g1", 3, "client", "append", 3]);
  const second = await write("docs", "c");
  const gone = await deleteDocuments(container, "docs", parseDelete({ ids: ["a"] }), undefined, 20_000);
  const listed = await list("docs");
  expect([first.version, second.version, gone.version]).toEqual([2, 4, 5]);
  expect(told(listed)).toEqual([
    ["g1", 5, "write", "delete", 3],
    ["g1", 4, "write", "update", 4],
    ["g1", 3, "client", "append", 3],
    ["g1", 2, "write", "update", 2],
    ["g1", 1, "creation", "create", 0],
  ]);
  expect(listed).toMatchObject({ next: null, generation: "g1", version: 5 });
  for (const { at, bytes, version } of listed.versions) {
    expect(Math.abs(Date.parse(at ?? "") - Date.now())).toBeLessThan(60_000);
    expect(bytes).toBeGreaterThan(version === 1 ? -1 : 100);
  }
  await asClient("docs", "g1", async (table) => {
    await table.checkout(4);
    await table.restore();
  });
  expect((await list("docs")).versions[0]).toMatchObject({ by: "client", operation: "restore", restored: 4 });
});

test("pages follow one another without a gap, and a cursor of none of them is refused", async () => {
  const whole = await list("docs");
  const pages: VersionList["versions"] = [];
  for (let cursor: string | undefined, i = 0; i < 10; i++) {
    const page = await list("docs", { limit: 2, ...(cursor ? { cursor } : {}) });
    expect(page.versions.length).toBeLessThanOrEqual(2);
    pages.push(...page.versions);
    if (page.next === null) break;
    cursor = page.next;
  }
  expect(pages).toEqual(whole.versions);
  await expect(list("docs", { cursor: `g1.${"9".repeat(15)}` })).resolves.toMatchObject({ next: null });
  await expect(list("nothing")).rejects.toThrow("does not exist");
});

test("fragments that a write gathers are maintenance", async () => {
  await made("small");
  for (let i = 0; i < limits.gatherCommits; i++) await write("small", `d${i}`);
  const [last, before] = (await list("small")).versions;
  expect([last?.by, last?.rows, before?.by]).toEqual(["maintenance", limits.gatherCommits, "write"]);
});

test("what a job publishes is later than all before it, which stays listed as long as it is kept", async () => {
  const ids = Array.from({ length: 300 }, (_, i) => `row${i}`);
  await made("grown");
  const written = await write("grown", ...ids);
  const job = await runJob(container, { type: "optimize", index: "grown" });
  expect(job.error).toBeNull();
  await write("grown", "later");
  await asClient("grown", "g2", (table) => table.delete("doc_id = 'row0'"));
  const { versions, generation, version } = await list("grown");
  expect(versions.map(({ generation, by }) => [generation, by])).toEqual([
    ["g2", "client"],
    ["g2", "write"],
    ["g2", "job"],
    ["g1", "unknown"],
    ["g1", "creation"],
  ]);
  expect([generation, version]).toEqual(["g2", versions[0]?.version]);
  expect(versions[2]).toMatchObject({ job: job.id, rows: 300, operation: expect.any(String) });
  expect(versions[3]).toMatchObject({ generation: written.generation, version: written.version, rows: 300 });
  const asked = { index: "grown", docId: "row1", consistency: "eventual" as const };
  await expect(
    fetchDocument(
      container.indexes,
      { ...asked, minVersion: version as number, minGeneration: "g2" },
      20_000,
    ),
  ).resolves.toMatchObject({ doc_id: "row1" });
  const first = await list("grown", { limit: 3 });
  expect(first.next).toBe(`g2.${versions[2]?.version}`);
  expect((await list("grown", { cursor: first.next as string })).versions).toEqual(versions.slice(3));
});

test("a write that is under way leaves open whose what it committed is", async () => {
  await made("busy");
  await write("busy", "a");
  const { promise, resolve } = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const holding = container.turns.during("busy", undefined, 5_000, async () => {
    held.resolve();
    await promise;
  });
  await held.promise;
  await asClient("busy", "g1", (table) => table.add([{ doc_id: "b", vector: [1, 1] }]));
  expect((await list("busy")).versions.map(({ by }) => by)).toEqual(["unknown", "write", "creation"]);
  resolve();
  await holding;
  expect((await list("busy")).versions[0]?.by).toBe("client");
});
