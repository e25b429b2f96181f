import { randomUUID } from "node:crypto";
import {
  Decimal,
  Field,
  FixedSizeList,
  Float32,
  Int16,
  List,
  Null,
  Table,
  TimestampMicrosecond,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { describeWritten } from "../../lib/domain/documents/describe-written.ts";
import type { DocumentTables, OpenDocuments } from "../../lib/domain/documents/document-tables.ts";
import type { KeyedWrite } from "../../lib/domain/documents/stored-turn.ts";
import { writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import { fetchDocument } from "../../lib/domain/search/fetch-document.ts";
import type { WrittenLakehouse } from "./document-writes.ts";
import { runJob } from "./lakehouse.ts";

const turn = { WRITE_TURN_MS: "400" };

/** What holds of an index whose columns its first documents tell, whoever dies meanwhile. */
export function describeFirstColumns(name: string, create: () => Promise<WrittenLakehouse>): void {
  describe(`an index in ${name} that is made without columns`, () => {
    let lakehouse: WrittenLakehouse;
    let container: Container;

    beforeAll(async () => {
      lakehouse = await create();
      container = lakehouse.open(turn);
    });

    afterAll(() => lakehouse?.remove());

    const make = (index: string) =>
      createIndex(
        container,
        createRequest.parse({ name: index, bucket: lakehouse.bucket, dimension: 2 }),
        undefined,
      );

    const write = (index: string, documents: unknown[], keyed?: KeyedWrite, by = container) =>
      writeDocuments(by, { index, mode: "insert", documents, keyed }, 20_000);

    const document = (doc_id: string, more: object = {}) => ({ doc_id, vector: [1, 0], ...more });

    const fetched = (index: string, docId: string) =>
      fetchDocument(container.indexes, { index, docId, consistency: "strong" }, 10_000);

    const columnsOf = async (index: string) => {
      const { published, infersColumns, stats } = await describeWritten(container, index);
      const columns = Object.fromEntries(published?.columns.map(({ name, type }) => [name, type]) ?? []);
      return { columns, infersColumns, changes: stats?.columnChanges };
    };

    const own = { doc_id: "Utf8", vector: "FixedSizeList[2]<Float32>" };

    test("has those of its first documents, which the write answers, and takes no others after that", async () => {
      await make("told");
      expect(await columnsOf("told")).toMatchObject({ columns: own, infersColumns: true });
      const first = [
        document("a", { size: 1, price: 2, tags: ["x"], note: null }),
        document("b", { price: 0.5 }),
      ];
      const answer = await write("told", first);
      const told = { ...own, size: "Int64", price: "Float64", tags: "List<Utf8>" };
      expect(answer).toMatchObject({ inserted: 2 });
      expect(Object.fromEntries(answer.columns?.map(({ name, type }) => [name, type]) ?? [])).toEqual(told);
      expect(await columnsOf("told")).toEqual({ columns: told, infersColumns: undefined, changes: [] });
      expect(await fetched("told", "a")).toMatchObject({ size: 1, price: 2, tags: ["x"] });
      await expect(write("told", [document("c", { note: "n" })])).rejects.toMatchObject({
        issues: [{ path: "documents[0].note" }],
      });
      expect(await write("told", [document("c", { size: 3 })])).not.toHaveProperty("columns");
    });

    test("has those of a stream, of whatever types it tells", async () => {
      await make("streamed");
      const table = new Table({
        doc_id: vectorFromArray(["a"], new Utf8()),
        vector: vectorFromArray([[1, 0]], new FixedSizeList(2, new Field("item", new Float32(), true))),
        at: vectorFromArray([1_500], new TimestampMicrosecond("UTC")),
        price: vectorFromArray([new Uint32Array([150, 0, 0, 0])], new Decimal(2, 12)),
        many: vectorFromArray([[1]], new List(new Field("item", new Int16(), true))),
        none: vectorFromArray([null], new Null()),
      });
      const documents = tableToIPC(table, "stream");
      await writeDocuments(
        container,
        { index: "streamed", mode: "upsert", documents, keyed: undefined },
        20_000,
      );
      expect((await columnsOf("streamed")).columns).toEqual({
        ...{ ...own, at: "Timestamp<MICROSECOND, UTC>", price: "Decimal[12e+2]", many: "List<Int16>" },
      });
      expect(await fetched("streamed", "a")).toMatchObject({ price: 1.5, many: [1] });
    });

    test("has none after a first write that is refused", async () => {
      await make("refused");
      for (const bad of [document("a", { both: {} }), { doc_id: "a", vector: [1], size: 1 }, { size: 1 }])
        await expect(write("refused", [bad])).rejects.toMatchObject({ kind: "BadRequest" });
      expect(await columnsOf("refused")).toMatchObject({ columns: own, infersColumns: true, changes: [] });
    });

    test("whose first writer dies before its documents are there has the columns of the next, also after a job", async () => {
      for (const index of ["dead", "dead-then-job"]) {
        await make(index);
        const keyed = { key: randomUUID(), request: "first" };
        const first = [document("a", { size: 1, kind: "x" })];
        await reached(index, first, keyed, "upsert");
        if (index !== "dead") expect((await runJob(container, { type: "optimize", index })).error).toBeNull();
        await write(index, [document("b", { size: 1.5 })]);
        expect(await columnsOf(index)).toMatchObject({ columns: { ...own, size: "Float64" } });
        expect((await columnsOf(index)).columns).not.toHaveProperty("kind");
        if (index === "dead")
          await expect(write(index, first, keyed)).rejects.toMatchObject({ kind: "BadRequest" });
        expect(await fetched(index, "b")).toMatchObject({ size: 1.5 });
      }
    });

    test("whose first writer dies after its commit has its columns, and the re-send finds it done", async () => {
      await make("committed");
      const keyed = { key: randomUUID(), request: "first" };
      const first = [document("a", { size: 1, none: null })];
      await reached("committed", first, keyed, "isEmpty");
      expect(await write("committed", first, keyed)).toMatchObject({
        inserted: 0,
        columns: expect.arrayContaining([{ name: "size", type: "Int64" }]),
      });
      expect(await columnsOf("committed")).toMatchObject({ columns: { ...own, size: "Int64" } });
      await expect(write("committed", [document("b", { other: 1 })])).rejects.toMatchObject({
        kind: "BadRequest",
      });
    });

    test("of many first writers at a time has the columns of one, and the others are held to them", async () => {
      await make("raced");
      const sent = await Promise.allSettled(
        ["a", "b", "c", "d"].map((id, i) =>
          write("raced", [document(id, i % 2 ? { size: 1 } : { kind: "x" })], undefined, lakehouse.open()),
        ),
      );
      expect(sent.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
      expect(Object.keys((await columnsOf("raced")).columns)).toHaveLength(3);
    });

    /** Writes by a container that stands still at a call, the second of `isEmpty`, and is given up. */
    async function reached(
      index: string,
      documents: unknown[],
      keyed: KeyedWrite,
      call: "upsert" | "isEmpty",
    ) {
      const dead = lakehouse.open(turn);
      const there = Promise.withResolvers<void>();
      const opened = dead.documents.with.bind(dead.documents);
      const still = (open: OpenDocuments): OpenDocuments => {
        const shape = open.shape.bind(open);
        let calls = call === "upsert" ? 1 : 0;
        open.shape = async (...given) => still(await shape(...given));
        const real = open[call].bind(open) as () => Promise<never>;
        open[call] = ((...given: []) => {
          calls++;
          if (call === "isEmpty" && calls === 1 && open.columns.length === 2) return real(...given);
          there.resolve();
          return new Promise(() => undefined);
        }) as never;
        return open;
      };
      dead.documents.with = ((ref, work) =>
        opened(ref, (open) => work(still(open)))) as DocumentTables["with"];
      void write(index, documents, keyed, dead);
      await there.promise;
    }
  });
}
