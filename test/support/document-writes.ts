import { randomInt, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { folderOf } from "../../lib/adapters/lance/files/generation-folder.ts";
import { fragmentsOf, readManifest } from "../../lib/adapters/lance/files/manifest.ts";
import { manifestKey } from "../../lib/adapters/lance/files/manifest-name.ts";
import { limits } from "../../lib/config/limits.ts";
import type { Container } from "../../lib/container.ts";
import { catchUp } from "../../lib/domain/documents/catch-up.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { deleteDocuments } from "../../lib/domain/documents/delete-documents.ts";
import { describeWritten } from "../../lib/domain/documents/describe-written.ts";
import { patchDocuments } from "../../lib/domain/documents/patch-documents.ts";
import type { KeyedWrite } from "../../lib/domain/documents/stored-turn.ts";
import { type WriteMode, writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import { EntryList } from "../../lib/domain/index/entry-list.ts";
import { publishedOf } from "../../lib/domain/index/published.ts";
import { fetchDocuments } from "../../lib/domain/search/fetch-document.ts";
import { listDocuments } from "../../lib/domain/search/list-documents.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { runJob } from "./lakehouse.ts";
import { otherProcess } from "./other-process.ts";
import { servedGeneration } from "./served-generation.ts";

/** A lakehouse, wherever its data are. */
export interface WrittenLakehouse {
  bucket: string;
  environment: Record<string, string>;
  open(more?: Record<string, string>): Container;
  remove(): Promise<void>;
}

const turnMs = 400;

/** A change that holds no more once it is made. */
const countedFrom = (from: number) => ({
  docId: "counter",
  set: { chunk_text: String(from + 1) },
  if: { op: "eq" as const, column: "chunk_text", value: String(from) },
});

function unexpected(index: string, error: unknown): void {
  throw new Error(`of ${index}`, { cause: error });
}

/** What holds of documents that are written, whoever dies or waits meanwhile. */
export function describeDocumentWrites(name: string, create: () => Promise<WrittenLakehouse>): void {
  describe(`documents written to ${name}`, () => {
    let lakehouse: WrittenLakehouse;
    let container: Container;
    let environment: Record<string, string>;

    beforeAll(async () => {
      lakehouse = await create();
      environment = { ...lakehouse.environment, WRITE_TURN_MS: String(turnMs) };
      container = open();
    });

    afterAll(() => lakehouse?.remove());

    const open = () => lakehouse.open({ WRITE_TURN_MS: String(turnMs) });
    /** One that nobody takes for dead who waits for it. */
    const openLiving = () => lakehouse.open();

    const make = async (index: string, more: object = {}) => {
      const columns = [{ name: "chunk_text", type: "Utf8" }];
      const request = { name: index, bucket: lakehouse.bucket, dimension: 4, columns, ...more };
      await createIndex(container, createRequest.parse(request), undefined);
    };

    const write = (
      index: string,
      documents: unknown[],
      more: { mode?: WriteMode; keyed?: KeyedWrite } = {},
      by = container,
    ) => writeDocuments(by, { index, mode: more.mode ?? "upsert", documents, keyed: more.keyed }, 30_000);

    const document = (doc_id: string, chunk_text: string) => ({ doc_id, vector: [1, 0, 0, 0], chunk_text });

    async function textsOf(index: string, ids: string[]): Promise<Record<string, unknown>> {
      const { documents } = await fetchDocuments(
        container.indexes,
        index,
        { ids, consistency: "strong" },
        10_000,
      );
      return Object.fromEntries(documents.map(({ doc_id, chunk_text }) => [doc_id, chunk_text]));
    }

    async function rowsOf(index: string): Promise<number> {
      return container.generations.rowsOf(await servedGeneration(container, index));
    }

    test("by eight processes to the same ids: each id once, with the last that its writer was acknowledged", async () => {
      const [ids, rounds] = [20, 5];
      await make("raced");
      const names = Array.from({ length: 8 }, (_, i) => `w${i}`);
      const writers = names.map((writer) =>
        otherProcess(lakehouse.environment, "write-rounds", "raced", writer, String(rounds), String(ids)),
      );
      for (const { exited } of writers) expect(await exited).toBe(0);
      expect(await rowsOf("raced")).toBe(ids);
      const texts = Object.values(
        await textsOf(
          "raced",
          Array.from({ length: ids }, (_, i) => `k${i}`),
        ),
      );
      expect(texts).toHaveLength(ids);
      for (const text of texts) expect(names.map((writer) => `${writer} ${rounds - 1}`)).toContain(text);
    });

    test("every acknowledged document is in each later strong read", async () => {
      await make("seen");
      const acknowledged: string[] = [];
      const writers = Array.from({ length: 3 }, openLiving).map(async (by, w) => {
        for (let i = 0; i < 8; i++) {
          await write("seen", [document(`${w}-${i}`, "a")], { mode: "insert" }, by);
          acknowledged.push(`${w}-${i}`);
        }
      });
      const done = Promise.all(writers);
      let isDone = false;
      void done.finally(() => {
        isDone = true;
      });
      while (!isDone) {
        const before = [...acknowledged];
        if (before.length > 0)
          expect(Object.keys(await textsOf("seen", before)).sort()).toEqual(before.sort());
        else await sleep(5);
      }
      await done;
      expect(await rowsOf("seen")).toBe(24);
    });

    test("by processes that are killed at any moment: what is sent again is there once, and overwrites nothing", async () => {
      await make("killed");
      for (let kill = 0; kill < 12; kill++) {
        const ids = [`a${kill}`, `b${kill}`];
        const documents = JSON.stringify(ids.map((id) => document(id, "first")));
        const keyed = { key: randomUUID(), request: String(documents.length) };
        const child = otherProcess(environment, "write-later", "killed", "insert", documents, keyed.key);
        while (!((await child.next()) as { opened?: true })?.opened);
        child.tell("go");
        await sleep(randomInt(120));
        await child.kill();
        const isAcknowledged = child.messages.length > 0;
        const before = await write("killed", [document(`other${kill}`, "x")]); // whoever comes next ends what was left
        const there = await textsOf("killed", ids);
        expect([0, 2]).toContain(Object.keys(there).length);
        const isCommitted = Object.keys(there).length === 2;
        if (isAcknowledged) expect(isCommitted).toBe(true);
        if (isCommitted) await write("killed", [document(ids[0] ?? "", "since")]);
        const sent = JSON.parse(documents);
        const again = await write("killed", sent, { mode: "insert", keyed });
        expect(await write("killed", sent, { mode: "insert", keyed })).toEqual(again);
        if (!isCommitted) expect(again.version).toBeGreaterThan(before.version);
        expect(await textsOf("killed", ids)).toEqual({
          [ids[0] ?? ""]: isCommitted ? "since" : "first",
          [ids[1] ?? ""]: "first",
        });
      }
      expect(await rowsOf("killed")).toBe(36);
    });

    test("by one that seemed dead and comes back: it is refused, and what went on meanwhile stands", async () => {
      await make("frozen");
      const frozen = open();
      const [reached, thawed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const opened = frozen.documents.with.bind(frozen.documents);
      frozen.documents.with = (ref, work) =>
        opened(ref, (documents) => {
          const upsert = documents.upsert.bind(documents);
          documents.upsert = async (...given) => {
            reached.resolve();
            await thawed.promise;
            return upsert(...given);
          };
          return work(documents);
        });
      const late = write("frozen", [document("a", "late"), document("b", "late")], {}, frozen);
      await reached.promise;
      await write("frozen", [document("a", "meanwhile")]);
      thawed.resolve();
      await expect(late).rejects.toMatchObject({ kind: "StoreUnavailable" });
      expect(await textsOf("frozen", ["a", "b"])).toEqual({ a: "meanwhile" });
      await write("frozen", [document("c", "after")]);
      expect(await rowsOf("frozen")).toBe(2);
    });

    test("one by one, by two at a time: they leave few fragments, and each is there once", async () => {
      await make("gathered");
      const ids = Array.from({ length: 60 }, (_, i) => `d${i}`);
      const halves = [ids.slice(0, 30), ids.slice(30)];
      await Promise.all(
        halves.map(async (half) => {
          const by = openLiving();
          for (const id of half) await write("gathered", [document(id, "a")], {}, by);
        }),
      );
      const ref = await servedGeneration(container, "gathered");
      const key = manifestKey(folderOf(ref), await container.generations.version(ref));
      const manifest = (await container.stores(ref.bucket).get(key))?.body ?? new Uint8Array();
      expect(fragmentsOf(readManifest(manifest)).size).toBeLessThan(2 * limits.gatherCommits);
      expect(Object.keys(await textsOf("gathered", ids)).sort()).toEqual(ids.sort());
      expect(await rowsOf("gathered")).toBe(60);
    });

    const prunedLater = async (days: number) => {
      const clock = { now: () => Date.now() + days * 86_400_000 };
      const list = new EntryList(container.stores("primary"), container.clock);
      const askUpkeep = async () => undefined;
      return catchUp({ ...container, clock, askUpkeep, notPruned: unexpected }, list);
    };

    test("hundreds one by one leave few files when old versions are removed, and who reads an old one sees the new one", async () => {
      await make("many-versions");
      const ids = Array.from({ length: 20 }, (_, i) => `d${i}`);
      await write(
        "many-versions",
        ids.map((id) => document(id, "first")),
      );
      const reader = open();
      const asked = { ids, consistency: "eventual" } as const;
      const read = () => fetchDocuments(reader.indexes, "many-versions", asked, 10_000);
      const query = parseSearchRequest({ vector: [1, 0, 0, 0], k: 20 });
      const searched = () => searchIndex(reader.indexes, "many-versions", query, 10_000);
      expect((await read()).documents).toHaveLength(20);
      const listed = (more: { cursor?: string }) =>
        listDocuments(
          reader.indexes,
          "many-versions",
          { limit: 5, consistency: "eventual", ...more },
          10_000,
        );
      const cursor = (await listed({})).next ?? "";
      for (let i = 0; i < 200; i++) await write("many-versions", [document(`d${i % 20}`, `${i}`)]);
      await prunedLater(8);
      expect((await read()).documents).toHaveLength(20);
      expect((await searched()).hits).toHaveLength(20);
      const ref = await servedGeneration(container, "many-versions");
      const files = await container.stores(ref.bucket).list(folderOf(ref));
      expect(files.length).toBeLessThan(60);
      const next = await listed({ cursor }).then(
        ({ documents }) => documents.map((one) => one["chunk_text"]),
        ({ kind }) => kind,
      );
      expect(["CursorExpired", Array(5).fill("first")]).toContainEqual(next); // a replica may have that version still
      expect(
        Object.values(await textsOf("many-versions", ids))
          .map(Number)
          .sort((a, b) => a - b),
      ).toEqual(Array.from({ length: 20 }, (_, i) => 180 + i));
    });

    test("a deletion that is sent again deletes nothing that came in between", async () => {
      await make("deleted");
      const keyed = { key: randomUUID(), request: "r" };
      const remove = () =>
        deleteDocuments(container, "deleted", { ids: ["a"], dryRun: false }, keyed, 10_000);
      await write("deleted", [document("a", "first")]);
      const answer = await remove();
      await write("deleted", [document("a", "again")]);
      expect(await remove()).toEqual(answer);
      expect(await textsOf("deleted", ["a"])).toEqual({ a: "again" });
    });

    test("enough of them set a job off by themselves, and the next when there are enough again", async () => {
      await make("kept", { indexType: "IVF_FLAT" });
      const many = (from: number, count: number) =>
        Array.from({ length: count }, (_, i) => ({
          doc_id: `d${from + i}`,
          vector: [Math.sin(from + i), Math.cos(from + i), Math.sin(2 * (from + i)), 1],
        }));
      const served = async () => publishedOf((await container.registry.get("kept")).value);
      await write("kept", many(0, 9_999));
      expect((await container.registry.get("kept")).value.claim).toBeNull();
      await write("kept", many(9_999, 1));
      const waited = { timeout: 60_000, interval: 100 };
      await expect.poll(async () => (await served()).generation, waited).toBe("g2");
      expect(await served()).toMatchObject({ indexType: "IVF_FLAT", rows: 10_000 });
      await write("kept", many(10_000, 999));
      await write("kept", [...many(10_999, 1), ...many(0, 1)]);
      await expect.poll(async () => (await served()).generation, waited).toBe("g3");
      expect(await rowsOf("kept")).toBe(11_000);
    });

    test("a job that was asked for and is lost is asked for again, though nobody writes any more", async () => {
      await make("lost", { indexType: "IVF_FLAT" });
      const by = open();
      by.askUpkeep = async () => undefined;
      const documents = Array.from({ length: 10_000 }, (_, i) => ({
        doc_id: `d${i}`,
        vector: [Math.sin(i), 1, i, 0],
      }));
      await write("lost", documents, {}, by);
      const described = () => describeWritten(container, "lost");
      const { written } = await described();
      expect(written).toMatchObject({ rows: 10_000, deleted: 0, commits: 1, jobAskedAt: expect.any(String) });
      const list = new EntryList(container.stores("primary"), container.clock);
      const deps = { ...container, notPruned: unexpected };
      expect((await catchUp(deps, list)).due).toBe(0);
      const later = { now: () => Date.now() + 601_000 };
      expect((await catchUp({ ...deps, clock: later }, list)).due).toBe(1);
      const waited = { timeout: 60_000, interval: 100 };
      await expect.poll(async () => (await described()).published?.generation, waited).toBe("g2");
      const kept = await described();
      expect(kept.written).toMatchObject({ rows: 0, deleted: 0, commits: 0, jobAskedAt: null });
      expect(kept.written).toMatchObject({ keptUpAt: kept.published?.publishedAt, versions: null });
      expect(kept.written?.nextJob).toMatchObject({ nearest: "rows", rows: { counted: 0, from: 1_000 } });
    });

    const counted = (index: string, from: number, keyed?: KeyedWrite, by = container) =>
      patchDocuments(by, index, countedFrom(from), keyed, 30_000);

    const countOf = async (index: string) => Number((await textsOf(index, ["counter"]))["counter"]);

    test("changed on condition by several at a time: no count is lost, and none is done twice", async () => {
      await make("counted");
      await write("counted", [document("counter", "0"), document("other", "x")]);
      const [writers, each] = [4, 5];
      await Promise.all(
        Array.from({ length: writers }, openLiving).map(async (by) => {
          for (let done = 0; done < each; ) {
            const from = await countOf("counted");
            const error = await counted("counted", from, undefined, by).then(
              () => undefined,
              (thrown) => thrown,
            );
            if (!error) done++;
            else expect(error).toMatchObject({ kind: "ConditionFailed" });
          }
        }),
      );
      expect(await textsOf("counted", ["counter", "other"])).toEqual({
        counter: String(writers * each),
        other: "x",
      });
      expect(await rowsOf("counted")).toBe(2);
    });

    test("changed on condition by processes that are killed at any moment: each count is one's alone", async () => {
      await make("shared");
      await write("shared", [document("counter", "0")]);
      for (let count = 0; count < 8; count++) {
        const keyed = { key: randomUUID(), request: "count" };
        const asked = JSON.stringify(countedFrom(count));
        const child = otherProcess(environment, "patch-later", "shared", asked, keyed.key);
        while (!((await child.next()) as { opened?: true })?.opened);
        child.tell("go");
        await sleep(randomInt(120));
        await child.kill();
        const isAcknowledged = child.messages.length > 0;
        const sent = await Promise.allSettled([counted("shared", count), counted("shared", count, keyed)]);
        expect(sent.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
        if (isAcknowledged) expect(sent[1].status).toBe("fulfilled");
        expect(await countOf("shared")).toBe(count + 1);
      }
    });

    test("one that died before it changed anything is refused when it is sent again, though another did the same", async () => {
      await make("same");
      const { generation, version } = await write("same", [document("counter", "0")]);
      await counted("same", 0);
      const dead = open();
      const reached = Promise.withResolvers<void>();
      dead.documents.with = () => {
        reached.resolve();
        return new Promise(() => undefined);
      };
      const keyed = { key: randomUUID(), request: "count" };
      void counted("same", 0, keyed, dead);
      await reached.promise;
      await write("same", [document("other", "x")]); // ends what was left
      await expect(counted("same", 0, keyed)).rejects.toMatchObject({ kind: "ConditionFailed" });
      const onVersion = { docId: "counter", set: { chunk_text: "1" }, ifVersion: { generation, version } };
      await expect(patchDocuments(container, "same", onVersion, undefined, 10_000)).rejects.toMatchObject({
        kind: "ConditionFailed",
      });
    });

    test("changed by a filter: so many in one commit as it may be, and none of more", async () => {
      await make("many");
      const alone = { ...container, askUpkeep: async () => undefined };
      const documents = Array.from({ length: 10_001 }, (_, i) =>
        document(`d${String(i).padStart(5, "0")}`, "old"),
      );
      for (const some of [documents.slice(0, 6_000), documents.slice(6_000)])
        await write("many", some, {}, alone);
      const change = (op: "lt" | "lte") =>
        patchDocuments(
          alone,
          "many",
          { filter: { op, column: "doc_id", value: "d10000" }, set: { chunk_text: "new" }, dryRun: false },
          undefined,
          20_000,
        );
      await expect(change("lte")).rejects.toMatchObject({ kind: "BadRequest", issues: [{ path: "filter" }] });
      expect(await change("lt")).toMatchObject({ inserted: 0, updated: 10_000 });
      expect(await textsOf("many", ["d00000", "d09999", "d10000"])).toEqual({
        d00000: "new",
        d09999: "new",
        d10000: "old",
      });
      expect(await rowsOf("many")).toBe(10_001);
    });

    test("an index that lost all of its documents is optimized, served as empty, and written to again", async () => {
      await make("emptied", { indexType: "IVF_FLAT" });
      await write(
        "emptied",
        Array.from({ length: 300 }, (_, i) => document(`d${i}`, "a")),
      );
      expect((await runJob(container, { type: "optimize", index: "emptied" })).error).toBeNull();
      const filter = { op: "eq", column: "chunk_text", value: "a" } as const;
      await deleteDocuments(container, "emptied", { filter, dryRun: false }, undefined, 10_000);
      expect((await runJob(container, { type: "optimize", index: "emptied" })).error).toBeNull();
      expect(await describeWritten(container, "emptied")).toMatchObject({
        stats: { rows: 0 },
        recall: { measured: 1, queries: 0, status: "verified" },
      });
      await write("emptied", [document("again", "b")]);
      expect(await textsOf("emptied", ["again", "d0"])).toEqual({ again: "b" });
    });

    test("while jobs build anew: each ends, and what was acknowledged is in what is served afterwards", async () => {
      await make("published", { indexType: "IVF_FLAT" });
      const by = open();
      by.askUpkeep = async () => undefined; // whose job would be another than those below
      await write(
        "published",
        Array.from({ length: 300 }, (_, i) => document(`d${i}`, "before")),
      );
      const expected = new Map(Array.from({ length: 300 }, (_, i) => [`d${i}`, "before"]));
      let isOver = false;
      const writing = (async () => {
        for (let i = 0; !isOver; i++) {
          await write(
            "published",
            [document(`n${i}`, "new"), document(`d${i % 300}`, `changed ${i}`)],
            {},
            by,
          );
          expected.set(`n${i}`, "new").set(`d${i % 300}`, `changed ${i}`);
          const [gone] = [...expected.keys()].slice(250 + (i % 20));
          const asked = { ids: [gone ?? ""], dryRun: false };
          if (i % 3 === 0) await deleteDocuments(by, "published", asked, undefined, 10_000);
          if (i % 3 === 0) expected.delete(gone ?? "");
          await sleep(randomInt(100));
        }
      })();
      try {
        for (const type of ["build-index", "optimize", "build-index", "optimize"]) {
          const job = await runJob(container, { type, index: "published" });
          expect(job).toMatchObject({ type, error: null, state: "succeeded" });
        }
      } finally {
        isOver = true;
        await writing;
      }
      expect(await rowsOf("published")).toBe(expected.size);
      expect(await textsOf("published", [...expected.keys()])).toEqual(Object.fromEntries(expected));
      expect(publishedOf((await container.registry.get("published")).value).generation).toBe("g5");
    });
  });
}
