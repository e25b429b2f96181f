import { afterEach, beforeEach, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { catchUp } from "../../lib/domain/documents/catch-up.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { describeWritten } from "../../lib/domain/documents/describe-written.ts";
import { readKept } from "../../lib/domain/documents/kept-versions.ts";
import { writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import { changeIndex } from "../../lib/domain/index/change-index.ts";
import { EntryList } from "../../lib/domain/index/entry-list.ts";
import { createLakehouse, type Lakehouse } from "../support/lakehouse.ts";

let lakehouse: Lakehouse;
let container: Container;
let failed: string[];

beforeEach(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
  failed = [];
});

afterEach(() => lakehouse.remove());

const daysMs = 86_400_000;

async function make(index: string, more: object = {}): Promise<void> {
  await createIndex(container, createRequest.parse({ name: index, dimension: 2, ...more }), undefined);
  for (const id of ["a", "b", "a"]) await write(index, id);
}

const write = (index: string, id: string) =>
  writeDocuments(
    container,
    { index, mode: "upsert", documents: [{ doc_id: id, vector: [1, 0] }], keyed: undefined },
    10_000,
  );

async function caughtUp(days: number, more: Partial<Container> = {}): Promise<number> {
  const list = new EntryList(container.stores("primary"), container.clock);
  const clock = { now: () => Date.now() + days * daysMs };
  const notPruned = (index: string) => {
    failed.push(index);
  };
  return (await catchUp({ ...container, clock, notPruned, ...more }, list)).pruned;
}

async function versionsOf(index: string): Promise<number> {
  const listed = await container.stores("primary").list(`lance/${index}/g1.lance/_versions/`);
  return listed.filter(({ key }) => key.endsWith(".manifest")).length;
}

async function bytesOf(index: string): Promise<number> {
  const listed = await container.stores("primary").list(`lance/${index}/g1.lance/`);
  const counted = listed.filter(({ key }) => !key.endsWith("latest_version_hint.json"));
  return counted.reduce((sum, { bytes }) => sum + bytes, 0);
}

const keptOf = (index: string) => readKept(container.stores("primary"), index);

test("a write asks for a job as soon as there is as much as its index says", async () => {
  const asked: string[] = [];
  container.askUpkeep = async (index) => void asked.push(index);
  await make("usual");
  await make("soon", { upkeep: { rows: 4 } });
  expect(asked).toEqual([]);
  expect((await describeWritten(container, "soon")).written?.nextJob?.rows).toEqual({ counted: 3, from: 4 });
  await write("soon", "c");
  await write("usual", "c");
  expect(asked).toEqual(["soon"]);
  await changeIndex(container, "usual", { upkeep: { rows: 5 } });
  await write("usual", "c");
  expect(asked).toEqual(["soon", "usual"]);
});

test("old versions go when they are a week old, or as old as the index says; nothing is looked at twice a day", async () => {
  await make("docs");
  await make("brief", { retentionDays: 0.5 });
  await make("long");
  await changeIndex(container, "long", { retentionDays: 30 });
  expect(await caughtUp(0)).toBe(3);
  expect(await keptOf("docs")).toMatchObject({ generation: "g1", version: 4, versions: 4 });
  expect(await caughtUp(0.9)).toBe(0);
  expect(await caughtUp(2)).toBe(3);
  expect(await Promise.all(["docs", "brief", "long"].map(versionsOf))).toEqual([4, 1, 4]);
  expect(await caughtUp(8)).toBe(3);
  expect(await Promise.all(["docs", "brief", "long"].map(versionsOf))).toEqual([1, 1, 4]);
  expect(await keptOf("docs")).toMatchObject({ version: 4, versions: 1, bytes: expect.any(Number) });
  const { written } = await describeWritten(container, "docs");
  expect(written).toMatchObject({ commits: 3, versions: { kept: 1, at: expect.any(String) } });
  expect(written?.versions?.bytes).toBe(await bytesOf("docs"));
  await write("brief", "c");
  expect(await caughtUp(8.1)).toBe(1);
  expect(await versionsOf("brief")).toBe(1);
});

test("what a killed writer has left goes when it is a week old, and nothing else; then the index is looked at no more", async () => {
  await make("docs", { retentionDays: 30 });
  const store = container.stores("primary");
  const filesOf = async () => (await store.list("lance/docs/g1.lance/")).map(({ key }) => key);
  const before = await filesOf();
  for (const path of [
    "data/stray.lance",
    "_deletions/0-1-2.arrow",
    "_transactions/1-x.txn",
    "_indices/none/x.idx",
  ])
    await store.put(`lance/docs/g1.lance/${path}`, new Uint8Array(9));
  expect(await caughtUp(6.9)).toBe(1);
  expect(await filesOf()).toHaveLength(before.length + 4);
  expect(await caughtUp(8)).toBe(1);
  expect(await filesOf()).toEqual(before);
  expect(await caughtUp(31)).toBe(1);
  expect(await versionsOf("docs")).toBe(1);
  expect(await caughtUp(50)).toBe(0);
});

test("an index that a job is building is left alone, and so is one that nobody writes to through us", async () => {
  await make("docs");
  const claim = { job: "j", generation: "g2", bucket: "primary", since: new Date().toISOString() };
  await container.registry.update("docs", () => ({ claim }));
  await createIndex(container, createRequest.parse({ name: "quiet", dimension: 2 }), undefined);
  expect(await caughtUp(8)).toBe(0);
  expect(await versionsOf("docs")).toBe(4);
});

test("what cannot be removed of one index does not keep others, and is told", async () => {
  for (const index of ["a", "b"]) await make(index);
  const documents = Object.create(container.documents, {
    prune: {
      value: async (...given: Parameters<Container["documents"]["prune"]>) => {
        if (given[0].index === "a") throw new Error("no answer");
        return container.documents.prune(...given);
      },
    },
  });
  await container.stores("primary").put("registry/turns/b/versions.json", new TextEncoder().encode("{"));
  expect(await caughtUp(8, { documents })).toBe(2);
  expect(failed).toEqual(["b", "a"]);
  expect(await Promise.all(["a", "b"].map(versionsOf))).toEqual([4, 1]);
});

test("there is an end to it when its time is over, and the next begins with what was not looked at", async () => {
  for (const index of ["a", "b"]) await make(index);
  let calls = 0;
  const clock = { now: () => Date.now() + 8 * daysMs + (calls > 1 ? 200_000 : 0) };
  const documents = Object.create(container.documents, {
    prune: {
      value: async (...given: Parameters<Container["documents"]["prune"]>) => {
        calls++;
        return container.documents.prune(...given).finally(() => calls++);
      },
    },
  });
  const list = () => new EntryList(container.stores("primary"), container.clock);
  expect((await catchUp({ ...container, documents, clock }, list())).pruned).toBe(1);
  expect(await Promise.all(["a", "b"].map(versionsOf))).toEqual([1, 4]);
  await write("a", "c");
  calls = 0;
  expect((await catchUp({ ...container, documents, clock }, list())).pruned).toBe(1);
  expect(await Promise.all(["a", "b"].map(versionsOf))).toEqual([2, 1]);
});
