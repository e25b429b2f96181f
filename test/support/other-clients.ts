import type { Table } from "@lancedb/lancedb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { deleteDocuments } from "../../lib/domain/documents/delete-documents.ts";
import { describeWritten } from "../../lib/domain/documents/describe-written.ts";
import { patchDocuments } from "../../lib/domain/documents/patch-documents.ts";
import { writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import { publishedOf } from "../../lib/domain/index/published.ts";
import { fetchDocument, fetchDocuments } from "../../lib/domain/search/fetch-document.ts";
import { listDocuments } from "../../lib/domain/search/list-documents.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import type { Filter } from "../../lib/domain/values/filter.ts";
import { withConnection, withTable } from "./append-rows.ts";
import type { WrittenLakehouse } from "./document-writes.ts";
import { runJob } from "./lakehouse.ts";
import { servedGeneration } from "./served-generation.ts";

const consistency = "strong" as const;
const vector = [1, 0, 0, 0];

/** What becomes of an index whose table another LanceDB client changes. */
export function describeOtherClients(name: string, create: () => Promise<WrittenLakehouse>): void {
  describe(`an index in ${name} whose table another LanceDB client changes`, () => {
    let lakehouse: WrittenLakehouse;
    let container: Container;

    beforeAll(async () => {
      lakehouse = await create();
      container = lakehouse.open();
    });

    afterAll(() => lakehouse?.remove());

    /** With 300 documents that a vector index holds, and searched once: the container has it open. */
    async function make(index: string): Promise<void> {
      const columns = [
        { name: "title", type: "Utf8" },
        { name: "size", type: "Int64" },
      ];
      const asked = { indexType: "IVF_FLAT", filterColumns: ["size"] };
      const request = { name: index, bucket: lakehouse.bucket, dimension: 4, columns, ...asked };
      await createIndex(container, createRequest.parse(request), undefined);
      const documents = Array.from({ length: 300 }, (_, i) => document(`d${i}`, { size: i }));
      await write(index, documents);
      expect((await runJob(container, { type: "optimize", index })).error).toBeNull();
      expect(await found(index)).toHaveLength(3);
    }

    const document = (doc_id: string, more: object = {}) => {
      const i = Number(doc_id.slice(1));
      return { doc_id, vector: [Math.sin(i), Math.cos(i), i % 7, 1], title: `t${i}`, ...more };
    };

    const write = (index: string, documents: unknown[], mode: "upsert" | "insert" = "upsert") =>
      writeDocuments(container, { index, mode, documents, keyed: undefined }, 20_000);

    const remove = (index: string, which: { ids?: string[]; filter?: Filter }) =>
      deleteDocuments(container, index, { ...which, dryRun: false }, undefined, 20_000);

    const patch = (index: string, asked: Parameters<typeof patchDocuments>[2]) =>
      patchDocuments(container, index, asked, undefined, 20_000);

    const found = async (index: string, more: object = {}) =>
      (await searchIndex(container.indexes, index, { vector, k: 3, consistency, ...more }, 20_000)).hits;

    const fetched = (index: string, docId: string, select?: string[]) =>
      fetchDocument(container.indexes, { index, docId, select, consistency }, 20_000);

    const list = (index: string, more: object = {}) =>
      listDocuments(container.indexes, index, { limit: 5, consistency, ...more }, 20_000);

    const described = (index: string) => describeWritten(container, index);

    const job = (index: string, type: string, more: object = {}) =>
      runJob(container, { type, index, ...more });

    async function change(index: string, work: (table: Table) => Promise<unknown>): Promise<void> {
      await withTable(lakehouse.environment, await servedGeneration(container, index), work);
    }

    /** Everything that reads by id or vector. */
    const reads = (index: string): Record<string, () => Promise<unknown>> => ({
      search: () => found(index),
      "search by a filter": () => found(index, { filter: { op: "lt", column: "size", value: 5 } }),
      fetch: () => fetched(index, "d1"),
      "batch-get": () => fetchDocuments(container.indexes, index, { ids: ["d1", "d2"], consistency }, 20_000),
      list: () => list(index),
    });

    const writes = (index: string): Record<string, () => Promise<unknown>> => ({
      upsert: () => write(index, [document("d1")]),
      insert: () => write(index, [document("n1")], "insert"),
      patch: () => patch(index, { docId: "d1", set: { title: "new" } }),
      "patch by a filter": () =>
        patch(index, {
          filter: { op: "eq", column: "size", value: 1 },
          set: { title: "new" },
          dryRun: false,
        }),
    });

    const jobs = (index: string): Record<string, () => Promise<unknown>> => ({
      optimize: async () => thrown(await job(index, "optimize")),
      "build-index": async () => thrown(await job(index, "build-index", { indexType: "IVF_PQ" })),
    });

    const thrown = ({ error }: { error: { code: string; message: string } | null }) => {
      if (error) throw Object.assign(new Error(error.message), { code: error.code });
    };

    const refused = async (all: Record<string, () => Promise<unknown>>, named: RegExp) => {
      for (const [what, call] of Object.entries(all)) {
        const error = await call().then(
          () => undefined,
          (one) => one,
        );
        expect([what, error?.code, error?.message]).toEqual([
          what,
          "columns-changed",
          expect.stringMatching(named),
        ]);
      }
    };

    const done = async (all: Record<string, () => Promise<unknown>>) => {
      for (const call of Object.values(all)) await call();
    };

    test("an added column is shown, read, filtered by and written, and the next job publishes and indexes it", async () => {
      await make("added");
      await change("added", (table) => table.addColumns([{ name: "loud", valueSql: "upper(title)" }]));
      expect(await described("added")).toMatchObject({
        published: { columns: expect.arrayContaining([{ name: "loud", type: "Utf8" }]) },
        stats: { health: "ok", columnChanges: [{ name: "loud", was: null, is: "Utf8" }] },
      });
      const filter = { op: "eq", column: "loud", value: "T7" } as const;
      expect(await found("added", { filter, select: ["loud"] })).toMatchObject([
        { doc_id: "d7", loud: "T7" },
      ]);
      expect(await fetched("added", "d8", ["loud"])).toMatchObject({ loud: "T8" });
      expect((await list("added", { filter })).documents).toMatchObject([{ doc_id: "d7", loud: "T7" }]);
      await write("added", [document("d1", { title: "one" }), document("d2", { loud: "!" })]);
      expect(await fetched("added", "d1")).toMatchObject({ title: "one", loud: null });
      expect(await fetched("added", "d2")).toMatchObject({ loud: "!" });
      const onCondition = { docId: "d2", set: { loud: "?" }, if: { op: "eq", column: "loud", value: "!" } };
      await patch("added", onCondition as never);
      expect(await fetched("added", "d2")).toMatchObject({ title: "t2", loud: "?" });
      expect(await remove("added", { filter })).toMatchObject({ deleted: 1 });
      await expect(write("added", [document("d1", { quiet: "?" })])).rejects.toMatchObject({
        issues: [{ path: "documents[0].quiet" }],
      });
      const built = await job("added", "build-index", { indexType: "IVF_FLAT", filterColumns: ["loud"] });
      expect(built.error).toBeNull();
      const after = await described("added");
      expect(after.stats).toMatchObject({ rows: 299, health: "ok", columnChanges: [] });
      expect(after.stats?.indexes.map((one) => one.name)).toContain("loud_idx");
      expect(publishedOf((await container.registry.get("added")).value).columns).toContainEqual({
        name: "loud",
        type: "Utf8",
      });
      expect(await found("added", { filter: { op: "eq", column: "loud", value: "T9" } })).toHaveLength(1);
      await write("added", [document("d3", { loud: "since" })]);
      expect(await fetched("added", "d3", ["loud"])).toMatchObject({ loud: "since" });
    });

    test("an added column of a type that documents cannot have is shown and left alone, and a job leaves it out", async () => {
      await make("odd");
      await change("odd", (table) =>
        table.addColumns([{ name: "both", valueSql: "named_struct('a', title)" }]),
      );
      const { stats } = await described("odd");
      expect(stats).toMatchObject({
        health: "ok",
        columnChanges: [{ name: "both", is: "Struct<{a:Utf8}>" }],
      });
      await done({ ...reads("odd"), ...writes("odd"), ...jobs("odd") });
      const { columns } = publishedOf((await container.registry.get("odd")).value);
      expect(columns.map(({ name }) => name)).not.toContain("both");
    });

    test("a column that was added without room for nulls is asked for by its name", async () => {
      await make("full");
      await change("full", (table) => table.addColumns([{ name: "kind", valueSql: "'word'" }]));
      await expect(write("full", [document("n1")])).rejects.toMatchObject({
        kind: "BadRequest",
        issues: [{ path: "documents[0].kind", message: expect.stringContaining("no nulls") }],
      });
      await write("full", [document("n1", { kind: "name" })]);
      await patch("full", { docId: "d1", set: { title: "new" } });
      expect(await fetched("full", "d1")).toMatchObject({ title: "new", kind: "word" });
      await done(jobs("full"));
      await write("full", [document("n2", { kind: "name" })]);
      expect(await fetched("full", "n2")).toMatchObject({ kind: "name" });
    });

    test.each([
      ["dropped", (table: Table) => table.dropColumns(["doc_id"]), /"doc_id" \(Utf8\) is gone/],
      [
        "renamed",
        (table: Table) => table.alterColumns([{ path: "doc_id", rename: "uid" }]),
        /"doc_id" \(Utf8\) is gone/,
      ],
      [
        "made a number",
        async (table: Table) => {
          await table.addColumns([{ name: "n", valueSql: "size" }]);
          await table.dropColumns(["doc_id"]);
          await table.alterColumns([{ path: "n", rename: "doc_id" }]);
        },
        /"doc_id" is Int64 and was Utf8/,
      ],
    ])("whose id column was %s says so on every route, and its jobs do", async (what, work, named) => {
      const index = `id-${what.replaceAll(" ", "-")}`;
      await make(index);
      await change(index, work);
      const { stats } = await described(index);
      expect(stats?.health).toBe("columns-changed");
      expect(stats?.columnChanges).toContainEqual(expect.objectContaining({ name: "doc_id", was: "Utf8" }));
      const byId = { "delete by id": () => remove(index, { ids: ["d1"] }) };
      await refused({ ...reads(index), ...writes(index), ...byId, ...jobs(index) }, named);
      expect(await remove(index, { filter: { op: "eq", column: "size", value: 1 } })).toMatchObject({
        deleted: 1,
      });
    });

    test.each([
      ["dropped", (table: Table) => table.dropColumns(["vector"]), /"vector" \(.*\) is gone/],
      [
        "made shorter",
        async (table: Table) => {
          await table.addColumns([{ name: "v", valueSql: "arrow_cast([1,0], 'FixedSizeList(2, Float32)')" }]);
          await table.dropColumns(["vector"]);
          await table.alterColumns([{ path: "v", rename: "vector" }]);
        },
        /"vector" is .* and was FixedSizeList\[4\]<Float32>/,
      ],
    ])("whose vector column was %s is still read by id, and says so elsewhere", async (what, work, named) => {
      const index = `vector-${what.replaceAll(" ", "-")}`;
      await make(index);
      await change(index, work);
      const { stats } = await described(index);
      expect(stats?.health).toBe("columns-changed");
      const { search, "search by a filter": filtered, ...byId } = reads(index);
      await refused({ search, filtered, ...writes(index), ...jobs(index) } as never, named);
      await done(byId);
      expect(await remove(index, { ids: ["d1"] })).toMatchObject({ deleted: 1 });
    });

    test("whose other column is gone is read without it, and written to when a job has taken it as it is", async () => {
      await make("less");
      await change("less", (table) => table.dropColumns(["size"]));
      const { stats } = await described("less");
      expect(stats).toMatchObject({
        health: "columns-changed",
        columnChanges: [{ name: "size", was: "Int64", is: null }],
      });
      await expect(found("less", { filter: { op: "lt", column: "size", value: 5 } })).rejects.toMatchObject({
        kind: "BadRequest",
      });
      expect(await found("less")).toHaveLength(3);
      expect(await fetched("less", "d1")).toEqual({ doc_id: "d1", title: "t1" });
      const { "patch by a filter": byFilter, ...others } = writes("less");
      await refused(others, /"size" \(Int64\) is gone.*optimize/);
      await expect(byFilter?.()).rejects.toMatchObject({ code: "columns-changed" });
      expect((await job("less", "optimize")).error).toBeNull();
      await write("less", [document("n1")]);
      expect((await described("less")).stats).toMatchObject({ rows: 301, columnChanges: [] });
    });

    test("whose column was renamed has that of the new name", async () => {
      await make("renamed");
      await change("renamed", (table) => table.alterColumns([{ path: "title", rename: "headline" }]));
      expect((await described("renamed")).stats?.columnChanges).toEqual([
        { name: "title", was: "Utf8", is: null },
        { name: "headline", was: null, is: "Utf8" },
      ]);
      expect(await fetched("renamed", "d1")).toMatchObject({ headline: "t1" });
      expect((await job("renamed", "optimize")).error).toBeNull();
      await write("renamed", [{ doc_id: "n1", vector, headline: "new" }]);
      expect(await fetched("renamed", "n1")).toMatchObject({ headline: "new" });
    });

    test("whose columns change while a job builds: what came is not lost, the job says so and the next takes it", async () => {
      await make("meanwhile");
      const by = lakehouse.open();
      const carry = by.documents.carry.bind(by.documents);
      let isChanged = false;
      by.documents.carry = async (writes) => {
        if (!isChanged)
          await change("meanwhile", (table) => table.addColumns([{ name: "late", valueSql: "title" }]));
        isChanged = true;
        return carry(writes);
      };
      const build = (from: Container) => runJob(from, { type: "build-index", index: "meanwhile" });
      expect((await build(by)).error).toMatchObject({
        code: "conflict",
        message: expect.stringContaining("another client has changed its columns"),
      });
      expect((await build(container)).error).toBeNull();
      expect(await fetched("meanwhile", "d1")).toMatchObject({ late: "t1" });
    });

    test("whose every row was deleted is empty: nothing is found, jobs end well, and it is written to again", async () => {
      await make("emptied");
      await change("emptied", (table) => table.delete("true"));
      expect((await described("emptied")).stats).toMatchObject({ rows: 0, health: "empty" });
      const filter = { op: "lt", column: "size", value: 5 };
      expect([await found("emptied"), await found("emptied", { filter })]).toEqual([[], []]);
      expect(await list("emptied")).toMatchObject({ documents: [], next: null });
      await expect(fetched("emptied", "d1")).rejects.toMatchObject({ kind: "DocumentNotFound" });
      expect(await remove("emptied", { ids: ["d1"] })).toMatchObject({ deleted: 0 });
      await done(jobs("emptied"));
      expect(await found("emptied")).toEqual([]);
      await write("emptied", [document("d1")]);
      expect(await found("emptied")).toMatchObject([{ doc_id: "d1" }]);
    });

    test("whose table was made anew with other columns says which are gone", async () => {
      await make("overwritten");
      const at = await servedGeneration(container, "overwritten");
      await withConnection(lakehouse.environment, at, async (connection) =>
        (await connection.createTable(at.generation, [{ other: 1 }], { mode: "overwrite" })).close(),
      );
      const { "search by a filter": filtered, ...others } = reads("overwritten");
      await expect(filtered?.()).rejects.toMatchObject({ issues: [{ path: "filter.column" }] });
      await refused({ ...others, ...jobs("overwritten") }, /"doc_id" \(Utf8\) is gone/);
    });
  });
}
