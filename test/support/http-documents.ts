import { Field, FixedSizeList, Float32, Int64, Table, tableToIPC, Utf8, vectorFromArray } from "apache-arrow";
import { describe, expect, test } from "vitest";
import { type HttpClient, issuePaths } from "./http-client.ts";

/** Documents of four dimensions as an Arrow IPC stream. @param name of the column of numbers */
function streamOf(ids: string[], numbers: bigint[], name = "size"): Uint8Array {
  const vectors = ids.map((_, i) => [1, i, 0, 0]);
  const table = new Table({
    doc_id: vectorFromArray(ids, new Utf8()),
    vector: vectorFromArray(vectors, new FixedSizeList(4, new Field("item", new Float32(), true))),
    [name]: vectorFromArray(numbers, new Int64()),
  });
  return tableToIPC(table, "stream");
}

/** What the contract says of documents that are written. @param server once it is up */
export function describeDocuments(server: () => { http: HttpClient; bucket: string }): void {
  describe("documents that are written", () => {
    const create = (name: string, more: object = {}, headers: Record<string, string> = {}) =>
      server().http.call(
        "createIndex",
        {},
        { body: { name, bucket: server().bucket, dimension: 4, ...more }, headers },
      );

    const write = (index: string, documents: unknown[], query = "", headers: Record<string, string> = {}) =>
      server().http.call("writeDocuments", { index }, { body: { documents }, query, headers });

    const search = async (index: string, vector: number[], more: object = {}) => {
      const { body } = await server().http.search(index, { vector, consistency: "strong", ...more });
      return body.hits.map((hit: { doc_id: string }) => hit.doc_id);
    };

    const columns = [
      { name: "tags", type: "List<Utf8>" },
      { name: "size", type: "Int64" },
      { name: "price", type: "Decimal[12e+2]" },
      { name: "at", type: "Timestamp<MICROSECOND>" },
      { name: "raw", type: "Binary" },
    ];

    test("an index without Parquet takes documents and finds them, changed and deleted as they are", async () => {
      const created = await create("notes", { columns });
      expect(created.headers.get("location")).toBe("/indexes/notes");
      expect(created.body).toMatchObject({ state: "ready", stats: { rows: 0, health: "exact" } });
      expect(await search("notes", [1, 0, 0, 0])).toEqual([]);
      const a = {
        doc_id: "a",
        vector: [1, 0, 0, 0],
        tags: ["x", null],
        size: "9007199254740993",
        price: 1.5,
      };
      const b = { doc_id: "b", vector: [0, 1, 0, 0], at: "2026-02-03T04:05:06.789012", raw: "AAEC" };
      const answer = await write("notes", [a, b]);
      expect(answer.body).toMatchObject({ inserted: 2, updated: 0, deleted: 0, generation: "g1" });
      expect(await search("notes", [1, 0, 0, 0])).toEqual(["a", "b"]);
      const { http } = server();
      const query = `?select=doc_id,vector,tags,size,price,at,raw&minVersion=${answer.body.version}`;
      const fetched = async (docId: string) =>
        (await http.call("fetchDocument", { index: "notes", docId }, { query })).body;
      const nulls = { tags: null, size: null, price: null, at: null, raw: null };
      expect(await fetched("a")).toEqual({ ...nulls, ...a });
      expect(await fetched("b")).toEqual({ ...nulls, ...b, at: expect.stringContaining("04:05:06.789012") });
      expect((await write("notes", [{ ...b, vector: [2, 0, 0, 0] }])).body).toMatchObject({ updated: 1 });
      const gone = await http.call("deleteDocument", { index: "notes", docId: "a" });
      expect(gone.body).toMatchObject({ deleted: 1 });
      expect((await http.call("deleteDocument", { index: "notes", docId: "a" })).body).toMatchObject({
        deleted: 0,
      });
      expect(await search("notes", [1, 0, 0, 0])).toEqual(["b"]);
      expect((await http.call("getIndex", { index: "notes" })).body.stats).toMatchObject({ rows: 1 });
    });

    test("versions are listed by the numbers that writes answer, page by page, with what made them", async () => {
      await create("dated", { columns });
      const { http } = server();
      const { body: written } = await write("dated", [{ doc_id: "a", vector: [1, 0, 0, 0] }]);
      const { body: gone } = await http.call("deleteDocument", { index: "dated", docId: "a" });
      const list = async (query: string) => http.call("listVersions", { index: "dated" }, { query });
      const { body } = await list("");
      expect(body).toMatchObject({ next: null, generation: "g1", version: gone.version });
      const last = body.versions.slice(0, 2);
      expect(last).toMatchObject([
        { version: gone.version, generation: gone.generation, by: "write", operation: "delete", rows: 0 },
        { version: written.version, by: "write", operation: "update", rows: 1 },
      ]);
      expect(body.versions.at(-1)).toMatchObject({ by: "creation", job: null, rows: 0 });
      const first = (await list("?limit=1")).body;
      expect([first.versions, first.next]).toEqual([body.versions.slice(0, 1), `g1.${gone.version}`]);
      expect((await list(`?limit=200&cursor=${first.next}`)).body.versions).toEqual(body.versions.slice(1));
      const paths = async (query: string) => issuePaths(await list(query));
      expect(await paths("?limit=201&cursor=x&more=1")).toEqual([
        "query.cursor",
        "query.limit",
        "query.more",
      ]);
      const then = { asOf: written.version };
      expect(await search("dated", [1, 0, 0, 0], then)).toEqual(["a"]);
      expect(await search("dated", [1, 0, 0, 0])).toEqual([]);
      const past = { query: `?asOf=g1.${written.version}` };
      expect((await http.call("fetchDocument", { index: "dated", docId: "a" }, past)).status).toBe(200);
      const before = { vector: [1, 0, 0, 0], asOf: "2001-02-03T04:05:06Z" };
      const expired = await http.search("dated", before);
      expect([expired.status, expired.body.code]).toEqual([410, "version-expired"]);
      const odd = await http.search("dated", { ...before, asOf: "yesterday" });
      expect(issuePaths(odd)).toEqual(["body.asOf"]);
      const nobody = await http.call("listVersions", { index: "nobody" });
      expect([nobody.status, nobody.body.code]).toEqual([404, "index-not-found"]);
    });

    test("documents are taken one a line, too, and ids that no path carries are deleted by a body", async () => {
      await create("lines");
      const { http } = server();
      const lines = ["a/b", "..", "größe 😀"].map((doc_id, i) =>
        JSON.stringify({ doc_id, vector: [1, i, 0, 0] }),
      );
      const headers = { "content-type": "application/x-ndjson" };
      const sent = await http.call(
        "writeDocuments",
        { index: "lines" },
        { raw: `${lines.join("\n")}\n\n`, headers },
      );
      expect(sent.body).toMatchObject({ inserted: 3 });
      const bad = await http.call(
        "writeDocuments",
        { index: "lines" },
        { raw: `${lines[0]}\n{"doc_id":\n`, headers },
      );
      expect([bad.status, bad.body.code, bad.body.detail]).toEqual([
        400,
        "invalid-json",
        expect.stringContaining("line 2"),
      ]);
      const remove = async (body: object) =>
        (await http.call("deleteDocuments", { index: "lines" }, { body })).body;
      expect(await remove({ ids: ["..", "nobody"], dryRun: true })).toMatchObject({ deleted: 1 });
      expect(await remove({ ids: ["..", "nobody"] })).toMatchObject({ deleted: 1 });
      expect(await remove({ filter: { op: "like-prefix", column: "doc_id", prefix: "a/" } })).toMatchObject({
        deleted: 1,
      });
      expect(await search("lines", [1, 0, 0, 0])).toEqual(["größe 😀"]);
    });

    test("documents are taken as an Arrow IPC stream, too, and what is wrong with them is named as in JSON", async () => {
      await create("streamed", { columns });
      const { http } = server();
      const send = (stream: Uint8Array, query = "", more: Record<string, string> = {}) =>
        http.call(
          "writeDocuments",
          { index: "streamed" },
          {
            raw: new Uint8Array(stream),
            query,
            headers: { "content-type": "application/vnd.apache.arrow.stream", ...more },
          },
        );
      const key = { "idempotency-key": "stream-1" };
      const two = streamOf(["a", "b"], [1n, 9007199254740993n]);
      const sent = await send(two, "?mode=insert", key);
      expect(sent.body).toMatchObject({ inserted: 2 });
      expect((await send(two, "?mode=insert", key)).body).toEqual(sent.body);
      expect((await send(streamOf(["c"], [1n]), "?mode=insert", key)).body.code).toBe("idempotency-mismatch");
      expect((await send(two, "?mode=insert")).body.issues).toHaveLength(2);
      expect((await send(streamOf(["a", "c"], [2n, 3n]))).body).toMatchObject({ inserted: 1, updated: 1 });
      const query = "?select=doc_id,vector,size,tags&consistency=strong";
      const fetched = await http.call("fetchDocument", { index: "streamed", docId: "b" }, { query });
      expect(fetched.body).toEqual({
        doc_id: "b",
        vector: [1, 1, 0, 0],
        size: "9007199254740993",
        tags: null,
      });
      expect(issuePaths(await send(streamOf(["d", "", "d"], [1n, 2n, 3n])))).toEqual([
        "body.documents[1].doc_id",
        "body.documents[2].doc_id",
      ]);
      expect(issuePaths(await send(streamOf(["d"], [1n], "nope")))).toEqual(["body.schema.nope"]);
      expect(issuePaths(await send(streamOf(["d"], [1n], "raw")))).toEqual(["body.schema.raw"]);
      expect(issuePaths(await send(new Uint8Array(100)))).toEqual(["body"]);
      const large = await send(new Uint8Array(5_000_001));
      expect([large.status, large.body.code]).toEqual([413, "body-too-large"]);
      expect((await http.call("getIndex", { index: "streamed" })).body.stats.rows).toBe(3);
    });

    test("documents of five million bytes are taken, and one byte more is not", async () => {
      await create("large", { dimension: 768 });
      const { http } = server();
      const vector = Array.from({ length: 768 }, (_, i) => Math.sin(i));
      const documents = Array.from({ length: 320 }, (_, i) => ({ doc_id: `d${i}`, vector }));
      const text = JSON.stringify({ documents });
      const raw = text + " ".repeat(5_000_000 - text.length);
      const headers = { "content-type": "application/json" };
      const sent = (body: string) => http.call("writeDocuments", { index: "large" }, { raw: body, headers });
      expect((await sent(raw)).body).toMatchObject({ inserted: 320 });
      const refused = await sent(`${raw} `);
      expect([refused.status, refused.body.code]).toEqual([413, "body-too-large"]);
    });

    test("every problem of every document is named, and nothing of the request is written", async () => {
      await create("strict", { columns });
      const good = { doc_id: "a", vector: [1, 0, 0, 0] };
      const refused = await write("strict", [
        good,
        { doc_id: "b", vector: [1, 0, 0] },
        { vector: [1, 0, 0, 0], size: 1.5, nope: 1 },
        { doc_id: 7, vector: [0, 0, 0, 0], tags: ["a", 1], price: 1.234, at: "yesterday", raw: "é" },
        { doc_id: "c", vector: [1, 0, null, 0] },
        good,
        "text",
      ]);
      expect(issuePaths(refused).sort()).toEqual(
        [
          "[1].vector",
          "[2].doc_id",
          "[2].nope",
          "[2].size",
          ...["at", "doc_id", "price", "raw", "tags", "vector"].map((name) => `[3].${name}`),
          "[4].vector[2]",
          "[5].doc_id",
          "[6]",
        ].map((place) => `body.documents${place}`),
      );
      expect((await server().http.call("getIndex", { index: "strict" })).body.stats.rows).toBe(0);
      expect(issuePaths(await write("strict", []))).toEqual(["body.documents"]);
      expect(issuePaths(await write("strict", [good], "?mode=replace"))).toEqual(["query.mode"]);
    });

    test("a filter that deletes is held to the bounds of one that searches", async () => {
      await create("bounded");
      const leaf = { op: "is_null", column: "doc_id" };
      const few = { op: "or", filters: Array.from({ length: 30 }, () => leaf) };
      const filter = { op: "or", filters: Array.from({ length: 30 }, () => few) };
      const { http } = server();
      const refused = await http.call("deleteDocuments", { index: "bounded" }, { body: { filter } });
      expect(issuePaths(refused)).toEqual(["body.filter"]);
      expect(issuePaths(await http.call("deleteDocuments", { index: "bounded" }, { body: {} }))).toEqual([
        "body",
      ]);
    });

    test("an insertion refuses ids that are there, all of them by name, and writes none of the others", async () => {
      await create("inserted");
      const document = (doc_id: string) => ({ doc_id, vector: [1, 0, 0, 0] });
      expect((await write("inserted", ["a", "b"].map(document), "?mode=insert")).body).toMatchObject({
        inserted: 2,
      });
      const again = await write("inserted", ["c", "b", "a"].map(document), "?mode=insert");
      expect([again.status, again.body.code]).toEqual([409, "document-exists"]);
      expect(again.body.issues.map(({ path }: { path: string }) => path)).toEqual([
        "documents[1].doc_id",
        "documents[2].doc_id",
      ]);
      expect((await search("inserted", [1, 0, 0, 0])).sort()).toEqual(["a", "b"]);
    });

    test("a write with an Idempotency-Key is done once, and answered the same", async () => {
      await create("keyed");
      const headers = { "idempotency-key": "write-1" };
      const document = { doc_id: "a", vector: [1, 0, 0, 0] };
      const sent = await Promise.all(
        Array.from({ length: 4 }, () => write("keyed", [document], "?mode=insert", headers)),
      );
      for (const { status, body } of sent) expect([status, body]).toEqual([200, sent[0]?.body]);
      await write("keyed", [{ ...document, vector: [0, 1, 0, 0] }]);
      expect((await write("keyed", [document], "?mode=insert", headers)).body).toEqual(sent[0]?.body);
      const { body } = await server().http.call(
        "fetchDocument",
        { index: "keyed", docId: "a" },
        { query: "?select=vector&consistency=strong" },
      );
      expect(body.vector).toEqual([0, 1, 0, 0]);
      for (const other of [
        await write("keyed", [document], "", headers),
        await write("keyed", [{ ...document, doc_id: "b" }], "?mode=insert", headers),
      ])
        expect([other.status, other.body.code]).toEqual([422, "idempotency-mismatch"]);
    });

    describe("and changed", () => {
      const patch = (index: string, docId: string, body: object, headers: Record<string, string> = {}) =>
        server().http.call("patchDocument", { index, docId }, { body, headers });

      const patchMany = (index: string, body: object, headers: Record<string, string> = {}) =>
        server().http.call("patchDocuments", { index }, { body, headers });

      const document = (doc_id: string, more: object = {}) => ({ doc_id, vector: [1, 0, 0, 0], ...more });

      const rowsOf = async (index: string, ids: string[]) => {
        const body = { ids, select: ["doc_id", "vector", "size", "tags"], consistency: "strong" };
        return (await server().http.call("fetchDocuments", { index }, { body })).body.documents;
      };

      const a = { ...document("a/1"), size: "9007199254740993", tags: ["x", null] };
      const b = { ...document("b"), size: null, tags: null };

      test("columns that are named change, by the document's id; the others keep what they have, exactly", async () => {
        await create("changed", { columns });
        const all = { price: 1.25, at: "2026-02-03T04:05:06.789012", raw: "AAEC" };
        await write("changed", [{ ...a, ...all }, b]);
        expect((await patch("changed", "a/1", { set: { tags: [] } })).body).toMatchObject({
          inserted: 0,
          updated: 1,
          deleted: 0,
        });
        const { body } = await server().http.call(
          "fetchDocument",
          { index: "changed", docId: "a/1" },
          { query: "?select=doc_id,vector,tags,size,price,at,raw&consistency=strong" },
        );
        expect(body).toEqual({ ...a, ...all, at: expect.stringContaining("04:05:06.789012"), tags: [] });
        await patch("changed", "b", { set: { vector: [0, 0, 0, 1], size: 2 } });
        await patch("changed", "a/1", { set: { tags: null } });
        expect(await rowsOf("changed", ["a/1", "b"])).toEqual([
          { ...a, tags: null },
          { ...b, vector: [0, 0, 0, 1], size: 2 },
        ]);
        expect(await search("changed", [0, 0, 0, 1], { k: 1 })).toEqual(["b"]);
      });

      test("many at once, each with its own columns, all of them or none", async () => {
        await create("many", { columns });
        await write("many", [a, b]);
        const documents = [
          { doc_id: "b", size: 7 },
          { doc_id: "a/1", tags: ["y"], vector: [0, 1, 0, 0] },
        ];
        expect((await patchMany("many", { documents, dryRun: true })).body).toMatchObject({ updated: 2 });
        expect(await rowsOf("many", ["a/1", "b"])).toEqual([a, b]);
        expect((await patchMany("many", { documents })).body).toMatchObject({ updated: 2, inserted: 0 });
        const changed = [
          { ...a, tags: ["y"], vector: [0, 1, 0, 0] },
          { ...b, size: 7 },
        ];
        expect(await rowsOf("many", ["a/1", "b"])).toEqual(changed);
        const refused = await patchMany("many", {
          documents: [
            { doc_id: "nobody", size: 1 },
            { doc_id: "b", size: 1 },
          ],
        });
        expect([refused.status, refused.body.code]).toEqual([404, "document-not-found"]);
        expect(refused.body.issues.map(({ path }: { path: string }) => path)).toEqual([
          "documents[0].doc_id",
        ]);
        expect((await patch("many", "nobody", { set: { size: 1 } })).body.code).toBe("document-not-found");
        expect(await rowsOf("many", ["a/1", "b", "nobody"])).toEqual(changed);
      });

      test("what one of many keeps of a column that others change is kept exactly", async () => {
        await create("exact", {
          columns: [
            ...columns,
            { name: "ratio", type: "Float32" },
            { name: "list", type: "List<Timestamp<SECOND>>" },
          ],
        });
        const kept = {
          size: "-9223372036854775808",
          price: 9999999999.99,
          at: "0001-01-01T00:00:00.000001",
          raw: "/wA=",
          tags: ["", null, "\uFEFF😀"],
          ratio: "NaN",
          list: ["1969-12-31T23:59:59", null],
        };
        const other = { size: 1, price: 0.01, at: null, raw: "", tags: null, ratio: 0.1, list: [] };
        await write("exact", [document("kept", { ...kept, vector: [0.1, 1e-40, -0, 3e17] }), document("b")]);
        const body = { ids: ["kept", "b"], select: [...Object.keys(kept), "vector"], consistency: "strong" };
        const rows = async () =>
          (await server().http.call("fetchDocuments", { index: "exact" }, { body })).body.documents;
        const [before] = await rows();
        expect(before).toMatchObject({
          size: kept.size,
          price: kept.price,
          raw: kept.raw,
          tags: kept.tags,
          ratio: "NaN",
        });
        const documents = [
          { doc_id: "b", vector: [0, 1, 0, 0], ...other },
          { doc_id: "kept", size: kept.size },
        ];
        expect((await patchMany("exact", { documents })).body).toMatchObject({ updated: 2 });
        expect(await rows()).toEqual([before, expect.objectContaining({ size: 1, price: 0.01, raw: "" })]);
      });

      test("those that a filter takes", async () => {
        await create("filtered", { columns });
        await write(
          "filtered",
          Array.from({ length: 30 }, (_, i) => document(`d${i}`, { size: i })),
        );
        const filter = { op: "gte", column: "size", value: 10 };
        const asked = { filter, set: { size: -1, tags: ["old"] } };
        expect((await patchMany("filtered", { ...asked, dryRun: true })).body).toMatchObject({ updated: 20 });
        expect((await patchMany("filtered", asked)).body).toMatchObject({ updated: 20 });
        expect((await patchMany("filtered", asked)).body).toMatchObject({ updated: 0 });
        const [kept, changed] = await rowsOf("filtered", ["d9", "d10"]);
        expect([kept.size, kept.tags, changed.size, changed.tags]).toEqual([9, null, -1, ["old"]]);
      });

      test("on condition: of a filter that holds for the document, of a version", async () => {
        await create("conditional", { columns });
        const { body: first } = await write("conditional", [document("a", { size: 1 })]);
        const at = ({ generation, version }: { generation: string; version: number }) => ({
          ifVersion: { generation, version },
        });
        const ifSize = (value: number) => ({ if: { op: "eq", column: "size", value } });
        const late = await patch("conditional", "a", { set: { size: 9 }, ...ifSize(2) });
        expect([late.status, late.body.code]).toEqual([409, "condition-failed"]);
        const next = await patch("conditional", "a", { set: { size: 2 }, ...ifSize(1), ...at(first) });
        expect(next.body).toMatchObject({ updated: 1 });
        for (const other of [first, { ...next.body, generation: "g2" }]) {
          const refused = await patch("conditional", "a", { set: { size: 3 }, ...at(other) });
          expect([refused.status, refused.body.code]).toEqual([409, "condition-failed"]);
        }
        expect((await patch("conditional", "a", { set: { size: 3 }, ...at(next.body) })).status).toBe(200);
        expect((await rowsOf("conditional", ["a"]))[0].size).toBe(3);
      });

      test("with an Idempotency-Key once, and answered the same", async () => {
        await create("repeated", { columns });
        await write("repeated", [document("a", { size: 1 })]);
        const headers = { "idempotency-key": "patch-1" };
        const asked = { set: { size: 2 }, if: { op: "eq", column: "size", value: 1 } };
        const sent = await Promise.all(
          Array.from({ length: 3 }, () => patch("repeated", "a", asked, headers)),
        );
        for (const { status, body } of sent) expect([status, body]).toEqual([200, sent[0]?.body]);
        await patch("repeated", "a", { set: { size: 5 } });
        expect((await patch("repeated", "a", asked, headers)).body).toEqual(sent[0]?.body);
        expect((await rowsOf("repeated", ["a"]))[0].size).toBe(5);
        const other = await patch("repeated", "a", { set: { size: 3 } }, headers);
        expect(other.body.code).toBe("idempotency-mismatch");
      });

      test("what cannot be is refused by its path", async () => {
        await create("refused", { columns });
        await write("refused", [document("a")]);
        const set = { doc_id: "b", nope: 1, size: 1.5, vector: [1] };
        expect(issuePaths(await patch("refused", "a", { set })).sort()).toEqual(
          ["doc_id", "nope", "size", "vector"].map((name) => `body.set.${name}`),
        );
        expect(issuePaths(await patch("refused", "a", { set: {} }))).toEqual(["body.set"]);
        const filter = { op: "eq", column: "nope", value: 1 };
        expect(issuePaths(await patch("refused", "a", { set: { size: 1 }, if: filter }))).toEqual([
          "body.if.column",
        ]);
        expect(issuePaths(await patchMany("refused", { filter, set: { size: 1 } }))).toEqual([
          "body.filter.column",
        ]);
        expect(issuePaths(await patchMany("refused", { documents: [{ doc_id: "a" }, { size: 1 }] }))).toEqual(
          ["body.documents[0]", "body.documents[1].doc_id"],
        );
        for (const wrong of [
          {},
          { filter },
          { documents: [{ doc_id: "a", size: 1 }], filter },
          { filter, set: { size: 1 }, if: filter },
        ])
          expect(issuePaths(await patchMany("refused", wrong))).toEqual(["body"]);
        const is = { op: "is_null", column: "size" };
        const vectors = await patchMany("refused", { filter: is, set: { vector: [1, 2, 3, 4] } });
        expect(issuePaths(vectors)).toEqual(["body.set.vector"]);
        await create("long", { dimension: 16_384, columns });
        const documents = Array.from({ length: 1_025 }, (_, i) => ({ doc_id: `d${i}`, size: 1 }));
        expect(issuePaths(await patchMany("long", { documents }))).toEqual(["body.documents"]);
        const wide = { op: "or", filters: Array.from({ length: 900 }, () => is) };
        expect(issuePaths(await patchMany("refused", { filter: wide, set: { size: 1 } }))).toEqual([
          "body.filter",
        ]);
        expect(issuePaths(await patch("refused", "a", { set: { size: 1 }, if: wide }))).toEqual(["body.if"]);
      });
    });

    test("the same name is taken; with the same Idempotency-Key and body it is the same index", async () => {
      const headers = { "idempotency-key": "make-1" };
      const first = await create("made", {}, headers);
      expect((await create("made", {}, headers)).body).toEqual(first.body);
      expect((await create("made")).status).toBe(409);
      expect((await create("made", { metric: "l2" }, headers)).body.code).toBe("idempotency-mismatch");
      expect((await create("small")).body.code).toBe("conflict");
    });

    test("what an index cannot be made of is refused by its field", async () => {
      const refused = await create("wrong", {
        idColumn: "vector",
        columns: [
          { name: "a.b", type: "Utf8" },
          { name: "c", type: "Text" },
          { name: "c", type: "Utf8" },
          { name: "many", type: "List<FixedSizeList[4]<Float32>>" },
        ],
        filterColumns: ["c", "nope"],
        fullText: [{ column: "c" }, { column: "nope" }],
      });
      expect(issuePaths(refused).sort()).toEqual(
        [
          "columns[0].name",
          "columns[1].type",
          "columns[2].name",
          "columns[3].type",
          "filterColumns[1]",
          "fullText[1].column",
          "vectorColumn",
        ].map((path) => `body.${path}`),
      );
      const names = ["_distance", "*", "doc_id", "_sealed_7", "a\nb"];
      const taken = await create("wrong", {
        idColumn: "key",
        columns: names.map((name) => ({ name, type: "Utf8" })),
      });
      expect(issuePaths(taken)).toEqual(names.map((_, i) => `body.columns[${i}].name`));
      expect(issuePaths(await create("Wrong", { dimension: 0 })).sort()).toEqual([
        "body.dimension",
        "body.name",
      ]);
      expect((await create("wrong", { bucket: "nowhere" })).body.code).toBe("bucket-not-found");
    });

    test("writes to an index that is not there are refused, and so are those to a dropped one, which stays away", async () => {
      const { http } = server();
      expect((await write("nowhere", [{ doc_id: "a", vector: [1] }])).body.code).toBe("index-not-found");
      await create("dropped");
      await write("dropped", [{ doc_id: "a", vector: [1, 0, 0, 0] }]);
      expect((await http.call("dropIndex", { index: "dropped" })).status).toBe(204);
      for (const answer of [
        await write("dropped", [{ doc_id: "a", vector: [1, 0, 0, 0] }]),
        await http.call("deleteDocument", { index: "dropped", docId: "a" }),
      ])
        expect([answer.status, answer.body.code]).toEqual([404, "index-not-found"]);
      expect((await create("dropped")).body).toMatchObject({
        published: { generation: "g2" },
        stats: { rows: 0 },
      });
    });

    test("documents that were written become an index by a job, and are written to it after that", async () => {
      const { http } = server();
      await create("built", { indexType: "IVF_FLAT" });
      const vector = (i: number) => [Math.sin(i), Math.cos(i), Math.sin(2 * i), 1];
      const many = Array.from({ length: 600 }, (_, i) => ({ doc_id: `d${i}`, vector: vector(i) }));
      expect((await write("built", many)).body).toMatchObject({ inserted: 600 });
      const { body } = await http.startJob({ type: "optimize", index: "built" });
      const job = await http.jobWhen(body.id, ({ state }) => state !== "running");
      expect(job).toMatchObject({ error: null, generation: "g2" });
      expect((await http.call("getIndex", { index: "built" })).body).toMatchObject({
        published: { indexType: "IVF_FLAT" },
        stats: { rows: 600, health: "ok" },
      });
      const answer = await write("built", [
        { doc_id: "new", vector: [0, 0, 0, -1] },
        { doc_id: "d1", vector: [0, 0, -1, -1] },
      ]);
      expect(answer.body).toMatchObject({ generation: "g2", inserted: 1, updated: 1 });
      const { written } = (await http.call("getIndex", { index: "built" })).body;
      expect(written).toMatchObject({ rows: 2, deleted: 1, commits: 1, jobAskedAt: null, versions: null });
      expect(written.nextJob).toMatchObject({
        nearest: "rows",
        rows: { counted: 2 },
        deleted: { counted: 1 },
      });
      const { version, generation } = answer.body;
      const { versions } = (await http.call("listVersions", { index: "built" })).body;
      expect(versions.slice(0, 2)).toMatchObject([
        { generation, version, by: "write", rows: 601 },
        { generation, by: "job", job: job.id, rows: 600 },
      ]);
      const found = (more: object) => http.search("built", { vector: [0, 0, 0, -1], k: 1, ...more });
      expect((await found({ minVersion: version, minGeneration: generation })).body.hits[0].doc_id).toBe(
        "new",
      );
      expect((await found({ minVersion: version + 1_000, minGeneration: "g1" })).status).toBe(200);
      for (const asked of [
        { minVersion: version + 1_000, minGeneration: generation },
        { minGeneration: "g9" },
      ])
        expect((await found(asked)).body.code).toBe("version-not-reached");
      expect(issuePaths(await found({ minGeneration: "9" }))).toEqual(["body.minGeneration"]);
      expect(await search("built", [0, 0, 0, -1], { k: 2 })).toEqual(["new", "d1"]);
      const sent = { body: { set: { vector: [0, 0, 0, -1] } } };
      const changed = await http.call("patchDocument", { index: "built", docId: "d2" }, sent);
      expect(changed.body).toMatchObject({ generation: "g2", inserted: 0, updated: 1 });
      expect((await search("built", [0, 0, 0, -1], { k: 2 })).sort()).toEqual(["d2", "new"]);
      expect((await http.call("getIndex", { index: "built" })).body.stats.rows).toBe(601);
    });
  });
}
