import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import type { Container } from "../../lib/container.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import type { KeyedWrite } from "../../lib/domain/documents/stored-turn.ts";
import { type WriteMode, writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import { DomainError } from "../../lib/domain/errors.ts";
import { fetchDocuments } from "../../lib/domain/search/fetch-document.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";

const turn = { WRITE_TURN_MS: "100" };

let lakehouse: Lakehouse;
let container: Container;

beforeEach(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open(turn);
  await createIndex(container, createRequest.parse({ name: "docs", dimension: 2, columns }), undefined);
});

afterEach(() => lakehouse.remove());

const unreachable = new DomainError("StoreUnavailable", "the store does not answer");
const columns = [{ name: "text", type: "Utf8" }];
const document = (doc_id: string, text: string) => ({ doc_id, vector: [1, 0], text });

const write = (documents: unknown[], mode: WriteMode = "upsert", keyed?: KeyedWrite, by = container) =>
  writeDocuments(by, { index: "docs", mode, documents, keyed }, 10_000);

async function textOf(id: string): Promise<unknown> {
  const asked = { ids: [id], consistency: "strong" } as const;
  return (await fetchDocuments(container.indexes, "docs", { ...asked, ids: [id] }, 10_000)).documents[0]?.[
    "text"
  ];
}

/** Commits, and comes no further: neither is its answer kept nor its turn ended. */
async function dieAfterCommit(documents: unknown[], keyed: KeyedWrite): Promise<void> {
  const dying = lakehouse.open(turn);
  dying.receipts.keep = async () => {
    throw unreachable;
  };
  await expect(write(documents, "insert", keyed, dying)).rejects.toBe(unreachable);
}

test.each(["registry", "receipts", "documents"] as const)(
  "what a dead writer left is ended by the second that comes where the %s of the first were out of reach",
  async (what) => {
    const keyed = { key: randomUUID(), request: "r" };
    await dieAfterCommit([document("a", "first")], keyed);
    const failing = lakehouse.open(turn);
    const refuse = async () => {
      throw unreachable;
    };
    if (what === "registry") failing.registry.update = refuse;
    if (what === "receipts") failing.receipts.keepUnknown = refuse;
    if (what === "documents") failing.documents.with = refuse;
    await expect(write([document("b", "x")], "upsert", undefined, failing)).rejects.toBe(unreachable);
    await write([document("a", "since")]);
    const again = await write([document("a", "first")], "insert", keyed);
    expect(await textOf("a")).toBe("since");
    expect(await write([document("a", "first")], "insert", keyed)).toEqual(again);
  },
);

test.each(["before", "after"] as const)(
  "one that died %s it gathered small fragments is found when it is sent again, and its document is there once",
  async (when) => {
    for (let i = 1; i < limits.gatherCommits; i++) await write([document(`d${i}`, "first")]);
    const dying = lakehouse.open(turn);
    const opened = dying.documents.with.bind(dying.documents);
    const reached = Promise.withResolvers<void>();
    dying.documents.with = (ref, work) =>
      opened(ref, (documents) => {
        const gather = documents.gather;
        const gathersNoMore = async (idColumn: string) => {
          if (when === "after") expect(await gather(idColumn)).toMatchObject({ fragments: 1 });
          reached.resolve();
          return new Promise<never>(() => undefined);
        };
        return work(Object.assign(documents, { gather: gathersNoMore }));
      });
    const keyed = { key: randomUUID(), request: "r" };
    void write([document("a", "first")], "insert", keyed, dying);
    await reached.promise;
    await write([document("a", "since")]);
    const again = await write([document("a", "first")], "insert", keyed);
    expect(again).toMatchObject({ inserted: 0, updated: 0 });
    expect(await write([document("a", "first")], "insert", keyed)).toEqual(again);
    expect(await textOf("a")).toBe("since");
    const ref = { index: "docs", bucket: "primary", generation: "g1" };
    expect(await container.generations.rowsOf(ref)).toBe(limits.gatherCommits);
  },
);

test("what cannot be told of a write whose process died, as old versions have gone, is not done once more", async () => {
  const keyed = { key: randomUUID(), request: "r" };
  await dieAfterCommit([document("a", "first")], keyed);
  await write([document("b", "x")]); // ends what was left
  const ref = { index: "docs", bucket: "primary", generation: "g1" };
  const [unreadBefore, keptFrom] = [Date.now() + 1_000, Date.now() + 1_000];
  const which = { unreadBefore, keptFrom, most: 1, sure: { after: 0, upTo: 0 } };
  expect(await container.documents.prune(ref, which)).toMatchObject({ versions: 1 });
  await write([document("a", "since")]);
  await expect(write([document("a", "first")], "insert", keyed)).rejects.toMatchObject({ kind: "Conflict" });
  expect(await textOf("a")).toBe("since");
});

test("one whose process died before it committed anything is done when it is sent again, though a job has built the index anew", async () => {
  await write([document("b", "x")]);
  const keyed = { key: randomUUID(), request: "r" };
  const dying = lakehouse.open(turn);
  const reached = Promise.withResolvers<void>();
  dying.documents.with = () => {
    reached.resolve();
    return new Promise(() => undefined);
  };
  void write([document("a", "first")], "insert", keyed, dying);
  await reached.promise;
  await write([document("c", "x")]); // ends what was left
  expect((await runJob(container, { type: "build-index", index: "docs" })).error).toBeNull();
  const again = await write([document("a", "first")], "insert", keyed);
  expect(again).toMatchObject({ generation: "g2", inserted: 1 });
  expect(await write([document("a", "first")], "insert", keyed)).toEqual(again);
});
