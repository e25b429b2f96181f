import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Stores } from "../../lib/domain/object-store.ts";
import { parquetBytes, sampleRows } from "./parquet-files.ts";
import { type Answered, firstKey, previousRelease, ReleaseHost, thisRelease } from "./release.ts";

/** A lakehouse that both releases work on. */
export interface UpgradePlace {
  environment: Record<string, string>;
  stores: Stores;
  /** A bucket for Parquet. */
  sources: string;
  remove(): Promise<void>;
}

/** What is asked for is what both releases know: of what one of them has alone, its own tests tell. */
type Document = ReturnType<typeof sampleRows>[number];
const dimension = 8;
const rows = (count: number, prefix: string) => sampleRows(count, dimension, prefix);
const saying = (chunk_text: string, documents: Document[]) =>
  documents.map((document) => ({ ...document, chunk_text }));

/** From the release before to this one and back, while both serve the same data. */
export function describeUpgrade(name: string, createPlace: () => Promise<UpgradePlace>): void {
  describe(`an upgrade ${name}`, { timeout: 180_000 }, () => {
    let place: UpgradePlace;
    let before: Awaited<ReturnType<typeof previousRelease>>;
    let older: ReleaseHost;
    let newer: ReleaseHost;
    let key: string;
    const hosts: ReleaseHost[] = [];
    /** Of each index what must be in it: texts by id. */
    const expected: Record<string, Map<string, unknown>> = {};
    /** What the older one has left to the newer. */
    const left = new Set<string>();

    const start = async (folder: string, sent = key) => {
      const host = await ReleaseHost.start(folder, place.environment, sent);
      hosts.push(host);
      return host;
    };

    beforeAll(async () => {
      [place, before] = await Promise.all([createPlace(), previousRelease()]);
      key = await firstKey(before.folder, place.environment);
      for (const [source, count] of Object.entries({ docs: 300, half: 120, back: 90 }))
        await place.stores(place.sources).put(`${source}/a.parquet`, parquetBytes(rows(count, source)));
      [older, newer] = await Promise.all([start(before.folder), start(thisRelease)]);
    }, 300_000); // its packages may have to be installed

    afterAll(async () => {
      await Promise.all(hosts.map((host) => host.kill()));
      await place.remove();
    });

    const migration = (index: string) => ({
      ...{ type: "migrate", index, source: `${place.sources}/${index}`, indexType: "IVF_FLAT" },
    });

    const known = (index: string, documents: Document[]) => {
      expected[index] ??= new Map();
      for (const { doc_id, chunk_text } of documents) expected[index].set(String(doc_id), chunk_text);
    };

    async function create(host: ReleaseHost, name: string, more = {}): Promise<void> {
      const columns = [{ name: "chunk_text", type: "Utf8" }];
      expect((await host.ask("POST", "/indexes", { name, dimension, columns, ...more })).status).toBe(201);
    }

    async function write(host: ReleaseHost, index: string, documents: Document[], idempotencyKey: string) {
      const headers = { "idempotency-key": idempotencyKey };
      const answer = await host.ask("POST", `/indexes/${index}/documents`, { documents }, headers);
      expect(answer.status, JSON.stringify(answer.body)).toBe(200);
      known(index, documents);
      return answer;
    }

    async function run(host: ReleaseHost, job: object): Promise<void> {
      const { status, body } = await host.ask("POST", "/jobs", job);
      expect([status, body]).toEqual([202, expect.anything()]);
      expect((await host.jobEnded(body.id)).body).toMatchObject({ state: "succeeded", error: null });
    }

    /** A job whose process is killed once it is planned. @returns its id */
    async function begin(folder: string, index: string): Promise<string> {
      const host = await start(folder);
      const { status, body } = await host.ask("POST", "/jobs", migration(index));
      expect([status, body]).toEqual([202, expect.anything()]);
      const primary = place.stores("primary");
      while (!(await primary.get(`jobs/${body.id}/plan.json`))) await sleep(5);
      await host.kill();
      expect(await primary.get(`jobs/${body.id}/end.json`)).toBeUndefined();
      return body.id;
    }

    /** Of the older one: whether it answers, or says that it needs the newer one. */
    function reads({ status, body }: Answered, what: string): boolean {
      if (status !== 503 || body?.code !== "needs-newer-release") return true;
      left.add(what);
      return false;
    }

    /** All documents, each once, by list, search and id; also those that the other release wrote a moment ago. */
    async function expectDocuments(host: ReleaseHost, index: string): Promise<void> {
      const all = "limit=1000&select=doc_id,chunk_text&consistency=strong";
      const listed = await host.ask("GET", `/indexes/${index}/documents?${all}`);
      if (host === older && !reads(listed, "entry")) return;
      expect(listed.status, JSON.stringify(listed.body)).toBe(200);
      const found = listed.body.documents as { doc_id: string; chunk_text: string }[];
      const pairs = found.map(({ doc_id, chunk_text }) => [doc_id, chunk_text]);
      expect(pairs.sort()).toEqual([...(expected[index] ?? [])].sort());
      const query = { vector: rows(1, "q")[0]?.vector, k: 1_000, consistency: "strong" };
      const { status, body } = await host.ask("POST", `/indexes/${index}/search`, query);
      expect(status, JSON.stringify(body)).toBe(200);
      const hits: string[] = body.hits.map(({ doc_id }: { doc_id: string }) => doc_id);
      expect(new Set(hits).size).toBe(hits.length);
      expect(hits.filter((id) => !expected[index]?.has(id))).toEqual([]);
      const [id, text] = pairs[0] ?? [];
      const fetched = await host.ask("GET", `/indexes/${index}/documents/${id}?consistency=strong`);
      expect(fetched.body).toMatchObject({ doc_id: id, chunk_text: text });
    }

    const names = async (host: ReleaseHost) =>
      (await host.ask("GET", "/indexes")).body.indexes.map(({ name }: { name: string }) => name);

    test("what the release before has written is served, and its interrupted job finished", async () => {
      await run(older, migration("docs"));
      known("docs", rows(300, "docs"));
      await create(older, "notes");
      const answer = await write(older, "notes", rows(40, "notes"), "notes-1");
      await write(older, "docs", saying("by the older", rows(10, "docs").slice(5)), "docs-1");
      const half = await begin(before.folder, "half");
      known("half", rows(120, "half"));

      expect(await write(newer, "notes", rows(40, "notes"), "notes-1")).toEqual(answer);
      expect((await newer.jobEnded(half)).body).toMatchObject({ state: "succeeded", error: null });
      expect(await names(newer)).toEqual(["docs", "half", "notes"]);
      for (const index of ["docs", "half", "notes"]) await expectDocuments(newer, index);
    });

    test("what this release writes and builds then, the release before reads and goes on with, or says that it cannot", async () => {
      await write(newer, "docs", saying("by the newer", rows(12, "docs").slice(8)), "docs-2");
      await write(newer, "docs", rows(5, "more"), "docs-3");
      expect((await newer.ask("DELETE", "/indexes/docs/documents/docs0")).status).toBe(200);
      expected["docs"]?.delete("docs0");
      const patch = { set: { chunk_text: "patched" } };
      expect((await newer.ask("PATCH", "/indexes/notes/documents/notes1", patch)).status).toBe(200);
      expected["notes"]?.set("notes1", "patched");
      await run(newer, { type: "optimize", index: "docs" });
      await run(newer, { type: "build-index", index: "half", indexType: "HNSW_SQ" });
      const answer = await write(newer, "notes", rows(45, "notes").slice(40), "notes-2");
      await create(newer, "fresh");
      await write(newer, "fresh", rows(3, "fresh"), "fresh-1");
      await create(newer, "texts", { fullText: [{ column: "chunk_text", language: "en" }] });
      await write(newer, "texts", rows(4, "texts"), "texts-1");
      const back = await begin(thisRelease, "back");
      known("back", rows(90, "back"));

      for (const index of ["docs", "fresh", "half", "notes", "texts"]) await expectDocuments(older, index);
      const again = await older.ask(
        "POST",
        "/indexes/notes/documents",
        { documents: rows(45, "notes").slice(40) },
        {
          "idempotency-key": "notes-2",
        },
      );
      if (reads(again, "receipt")) expect(again).toEqual(answer);
      const ended = await older.jobEnded(back);
      if (reads(ended, "job")) expect(ended.body).toMatchObject({ state: "succeeded", error: null });
      else await newer.jobEnded(back);
      await expectDocuments(older, "back");
      expect(await names(older)).toEqual(["back", "docs", "fresh", "half", "notes", "texts"]);
    });

    test("what the release before writes and builds once more, this one reads: nothing is lost, nothing there twice", async () => {
      if (!left.has("entry")) {
        await write(older, "docs", saying("by the older again", rows(20, "docs").slice(10)), "docs-4");
        await write(older, "fresh", rows(9, "fresh"), "fresh-2");
        await write(older, "texts", rows(7, "texts"), "texts-2");
        await run(older, { type: "optimize", index: "docs" });
        await run(older, { type: "optimize", index: "texts" });
        await run(older, { type: "build-index", index: "back", indexType: "HNSW_SQ" });
      }
      for (const index of ["back", "docs", "fresh", "half", "notes", "texts"])
        await expectDocuments(newer, index);
      const texts = (await newer.ask("GET", "/indexes/texts")).body;
      expect(texts.published.asked.fullText).toMatchObject([
        { column: "chunk_text", language: "en", stem: true },
      ]);
      expect(texts.stats.indexes).toContainEqual(expect.objectContaining({ type: "FTS", unindexedRows: 0 }));
      await write(newer, "texts", rows(8, "texts"), "texts-3");
      await run(newer, { type: "optimize", index: "texts" });
      const { published } = (await newer.ask("GET", "/indexes/texts")).body;
      expect(published.fullText).toEqual(texts.published.asked.fullText);
      const { body } = await newer.ask("GET", "/jobs?limit=100");
      expect(new Set(body.jobs.map(({ state }: { state: string }) => state))).toEqual(new Set(["succeeded"]));
    });

    test("a key of either is one of both: made, rotated and revoked", async () => {
      const docs7 = "/indexes/docs/documents/docs7";
      const asked = { name: "reader", grants: [{ actions: ["read"], indexes: ["docs"] }] };
      for (const [maker, other, folder] of [
        [older, newer, before.folder],
        [newer, older, thisRelease],
      ] as const) {
        const { body: made } = await maker.ask("POST", "/keys", asked);
        const read = await other.ask("GET", docs7, undefined, { "x-api-key": made.key });
        if (other === older && !reads(read, "key")) continue;
        expect(read.status).toBe(200);
        expect((await other.ask("DELETE", docs7, undefined, { "x-api-key": made.key })).status).toBe(403);
        const { body: rotated } = await other.ask("POST", `/keys/${made.id}/rotate`);
        expect((await maker.ask("GET", docs7, undefined, { "x-api-key": rotated.key })).status).toBe(200);
        expect((await other.ask("DELETE", `/keys/${made.id}`)).status).toBe(200);
        const later = await start(folder, rotated.key); // who has seen the key takes it for a while
        expect((await later.ask("GET", docs7)).status).toBe(401);
      }
    });

    test("an export is left by the release before to this one, and its index is served by both", async () => {
      const asked = { type: "export", index: "docs", target: "primary/exports/docs" };
      const { id } = (await newer.ask("POST", "/jobs", asked)).body;
      expect((await newer.jobEnded(id)).body).toMatchObject({ state: "succeeded", error: null });
      for (const method of ["GET", "DELETE"] as const) {
        const { status, body } = await older.ask(method, `/jobs/${id}`);
        expect([status, body.code]).toEqual([503, "needs-newer-release"]);
      }
      if (!left.has("entry")) await expectDocuments(older, "docs");
      const { body } = await newer.ask("GET", `/jobs/${id}`);
      expect(body.state).toBe("succeeded");
    });

    test("of a format that the release before does not know it says so, and leaves it", async () => {
      const primary = place.stores("primary");
      const entry = "registry/indexes/fresh.json";
      const stored = await primary.get(entry);
      const document = { ...JSON.parse(Buffer.from(stored?.body ?? []).toString()), format: 999 };
      const written = await primary.put(entry, Buffer.from(JSON.stringify(document)), {
        ifMatch: stored?.etag ?? "",
      });
      const asked = { documents: rows(1, "fresh") };
      for (const answer of [
        await older.ask("GET", "/indexes/fresh"),
        await older.ask("POST", "/indexes/fresh/documents", asked),
        await older.ask("POST", "/jobs", { type: "optimize", index: "fresh" }),
        await older.ask("DELETE", "/indexes/fresh"),
      ])
        expect([answer.status, answer.body.code]).toEqual([503, "needs-newer-release"]);
      expect(await names(older)).toEqual(["back", "docs", "fresh", "half", "notes", "texts"]);
      expect((await primary.get(entry))?.etag).toBe(written);
    });

    test("what the release before leaves to this one is what is said of it", () => {
      expect([...left].sort()).toEqual(before.needsNewer);
    });
  });
}
