import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  Binary,
  type DataType,
  Decimal,
  Field,
  Float32,
  Float64,
  Int8,
  Int32,
  Int64,
  List,
  TimestampMicrosecond,
  TimestampMillisecond,
  Uint64,
  Utf8,
} from "apache-arrow";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { type ParquetOptions, sampleRows, writeParquetFile } from "../support/parquet-files.ts";
import { storedRows } from "../support/stored-rows.ts";

let lakehouse: Lakehouse;
let container: Container;

beforeAll(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
});
afterAll(() => lakehouse.remove());

async function migrateFixture(name: string, more: object = {}) {
  await mkdir(lakehouse.source, { recursive: true });
  const file = `${name}.parquet`;
  await copyFile(join(import.meta.dirname, "../support/parquet", file), join(lakehouse.source, file));
  return runJob(container, { type: "migrate", index: name, source: `source/${file}`, ...more });
}

const withoutSparse = { columns: { exclude: ["sparse_values"] } };

test.each([
  [
    "vectors-int8",
    "embedding",
    [
      [1, -128],
      [3, 127],
      [5, 6],
    ],
  ],
  [
    "vectors-spark",
    "features",
    [
      [1.5, -2],
      [0, 4],
      [5, 6],
    ],
  ],
  [
    "vectors-struct",
    "v",
    [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
  ],
])("%s become float32", async (name, column, vectors) => {
  const refused = await migrateFixture(name);
  expect(refused.error?.message).toMatch(
    /^[\w-]+\.parquet, column sparse_values: Struct<.*> cannot be stored/,
  );
  expect((await migrateFixture(name, withoutSparse)).error).toBeNull();
  expect((await container.registry.get(name)).value.published?.vectorColumn).toBe(column);
  const stored = await storedRows(lakehouse, name, "id");
  expect([...stored.values()]).toEqual(["a", "b", "c"].map((id, i) => ({ id, [column]: vectors[i] })));
});

test("a sparse vector is refused by its row", async () => {
  const { error } = await migrateFixture("vectors-spark-sparse", withoutSparse);
  expect(error?.message).toBe(
    "vectors-spark-sparse.parquet, row group 0, row 2: the vector is sparse; write it as a dense one",
  );
});

test("arrays of DuckDB up to 1.2 are lists", async () => {
  expect((await migrateFixture("duckdb-arrays")).error).toBeNull();
  const stored = await storedRows(lakehouse, "duckdb-arrays", "id");
  expect([...stored.values()]).toEqual([
    { id: "a", vector: [1, 2], tags: ["x", "y"] },
    { id: "b", vector: [3, 4], tags: null },
  ]);
});

/** Two files with a column `x` of these types and values. */
async function migrateBoth(index: string, a: [DataType, unknown[]], b: [DataType, unknown[]]) {
  for (const [name, [type, values]] of Object.entries({ a, b })) {
    const rows = sampleRows(values.length, 8, name).map((row, i) => ({ ...row, x: values[i] }));
    const options: ParquetOptions = { types: { x: type } };
    await writeParquetFile(join(lakehouse.source, index, `${name}.parquet`), rows, options);
  }
  const job = { type: "migrate", index, source: `source/${index}`, vectorColumn: "vector" };
  const { error } = await runJob(container, job);
  if (error) return error.message;
  const { columns = [] } = (await container.registry.get(index)).value.published ?? {};
  const stored = await storedRows(lakehouse, index);
  const shown = [...stored.keys()].sort().map((id) => stored.get(id)?.["x"]);
  return [columns.find(({ name }) => name === "x")?.type, ...shown];
}

const cents = (value: number) => Uint32Array.of(value, 0, 0, 0);
const lists = (type: DataType) => new List(new Field("item", type, true));

test.each<[string, [DataType, unknown[]], [DataType, unknown[]], unknown]>([
  ["int32 and int64", [new Int32(), [-1, null]], [new Int64(), [2n ** 60n]], ["Int64", -1n, null, 2n ** 60n]],
  ["int32 and float", [new Int32(), [2 ** 31 - 1]], [new Float32(), [0.5]], ["Float64", 2 ** 31 - 1, 0.5]],
  ["float and double", [new Float32(), [0.5]], [new Float64(), [0.1, null]], ["Float64", 0.5, 0.1, null]],
  [
    "int8 and a decimal",
    [new Int8(), [-7]],
    [new Decimal(2, 9, 128), [cents(150)]],
    ["Decimal[9e+2]", -700n, 150n],
  ],
  [
    "milliseconds and microseconds",
    [new TimestampMillisecond(), [1]],
    [new TimestampMicrosecond("UTC"), [1.5]],
    /b.parquet, column x: is Timestamp<MICROSECOND, UTC>, in .*a.parquet it is Timestamp<MILLISECOND>/,
  ],
  [
    "zones",
    [new TimestampMillisecond("Europe/Berlin"), [1]],
    [new TimestampMicrosecond("UTC"), [1.5]],
    ["Timestamp<MICROSECOND, UTC>", 1_000n, 1_500n],
  ],
  [
    "binary and text",
    [new Binary(), [new Uint8Array(Buffer.from("ü"))]],
    [new Utf8(), ["x"]],
    ["Utf8", "ü", "x"],
  ],
  [
    "binary that is no text, and text",
    [new Binary(), [Uint8Array.of(97), Uint8Array.of(0xff)]],
    [new Utf8(), ["x"]],
    /a.parquet, row group 0, row 1, column x: the bytes are no text in UTF-8/,
  ],
  [
    "lists of int32 and of int64",
    [lists(new Int32()), [[1], null, []]],
    [lists(new Int64()), [[2n ** 60n, null]]],
    ["List<Int64>", [1n], null, [], [2n ** 60n, null]],
  ],
  [
    "int64 and double",
    [new Int64(), [1n]],
    [new Float64(), [1]],
    /column x: is Float64, in .*a.parquet it is Int64/,
  ],
  [
    "int64 and uint64",
    [new Int64(), [1n]],
    [new Uint64(), [1n]],
    /column x: is Uint64, in .*a.parquet it is Int64/,
  ],
])("of files that differ in a column: %s", async (name, a, b, expected) => {
  const found = await migrateBoth(name.replaceAll(/\W/g, "-"), a, b);
  if (expected instanceof RegExp) expect(found).toMatch(expected);
  else expect(found).toEqual(expected);
});

async function migrateSome(index: string, columns: object, more: object = {}) {
  const rows = sampleRows(3).map((row) => ({ ...row, lang: "de", secret: "x" }));
  await writeParquetFile(join(lakehouse.source, `${index}/a.parquet`), rows);
  return runJob(container, { type: "migrate", index, source: `source/${index}`, columns, ...more });
}

test("columns are left out, or carried over alone, as the job says", async () => {
  const columnsOf = async (index: string, columns: object) => {
    expect((await migrateSome(index, columns)).error).toBeNull();
    return Object.keys((await storedRows(lakehouse, index)).get("d0") ?? {}).sort();
  };
  expect(await columnsOf("without", { exclude: ["secret"] })).toEqual([
    "chunk_text",
    "doc_id",
    "lang",
    "vector",
  ]);
  expect(await columnsOf("only", { include: ["vector", "doc_id", "lang"] })).toEqual([
    "doc_id",
    "lang",
    "vector",
  ]);
  const both = { include: ["vector", "doc_id", "lang"], exclude: ["lang"] };
  expect(await columnsOf("both", both)).toEqual(["doc_id", "vector"]);
});

test("unknown columns, and those that are needed, are named", async () => {
  const unknown = await migrateSome("unknown", { include: ["doc_id", "vektor"], exclude: ["x"] });
  expect(unknown.error?.issues).toEqual([
    {
      path: "columns.include[1]",
      message: "no file has it; there are: doc_id, chunk_text, vector, lang, secret",
    },
    {
      path: "columns.exclude[0]",
      message: "no file has it; there are: doc_id, chunk_text, vector, lang, secret",
    },
  ]);
  const needed = await migrateSome("needed", { exclude: ["doc_id"] });
  expect(needed.error?.message).toBe(
    'columns: leave out "doc_id", which is needed; name another with idColumn',
  );
  const other = await migrateSome("other", { exclude: ["doc_id"] }, { idColumn: "chunk_text" });
  expect(other.error).toBeNull();
  expect([...(await storedRows(lakehouse, "other", "chunk_text")).keys()]).toEqual([
    "text 0",
    "text 1",
    "text 2",
  ]);
});

test("a directory's column can be left out, too", async () => {
  const rows = sampleRows(2);
  await writeParquetFile(join(lakehouse.source, "years/year=2024/a.parquet"), rows);
  const job = { type: "migrate", index: "years", source: "source/years", columns: { exclude: ["year"] } };
  expect((await runJob(container, job)).error).toBeNull();
  expect(Object.keys((await storedRows(lakehouse, "years")).get("d0") ?? {})).not.toContain("year");
});
