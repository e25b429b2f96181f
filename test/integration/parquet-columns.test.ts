import { join } from "node:path";
import {
  Binary,
  Bool,
  type DataType,
  DateDay,
  DateMillisecond,
  Decimal,
  Dictionary,
  Field,
  FixedSizeList,
  Float16,
  Float32,
  Float64,
  Int8,
  Int16,
  Int32,
  Int64,
  LargeBinary,
  LargeUtf8,
  List,
  TimestampMicrosecond,
  TimestampMillisecond,
  TimestampNanosecond,
  TimestampSecond,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
  Utf8,
} from "apache-arrow";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { type ParquetOptions, type Row, sampleRows, writeParquetFile } from "../support/parquet-files.ts";
import { storedRows, storedTable } from "../support/stored-rows.ts";

let lakehouse: Lakehouse;
let container: Container;

beforeAll(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
});
afterAll(() => lakehouse.remove());

const write = (path: string, rows: Row[], options: ParquetOptions = {}) =>
  writeParquetFile(join(lakehouse.source, path), rows, options);

const migrate = (index: string, more: object = {}) =>
  runJob(container, { type: "migrate", index, source: `source/${index}`, ...more });

interface Kind {
  type: DataType;
  /** As given to Arrow's builder; null comes on top. */
  values: unknown[];
  stored: string;
  /** As read back, where it differs. */
  expected?: unknown[];
}

const kinds: Record<string, Kind> = {
  int8: { type: new Int8(), values: [-128, 127], stored: "Int8" },
  int16: { type: new Int16(), values: [-32_768, 32_767], stored: "Int16" },
  int32: { type: new Int32(), values: [-(2 ** 31), 2 ** 31 - 1], stored: "Int32" },
  int64: { type: new Int64(), values: [2n ** 53n + 1n, -(2n ** 63n)], stored: "Int64" },
  uint8: { type: new Uint8(), values: [0, 255], stored: "Uint8" },
  uint16: { type: new Uint16(), values: [0, 65_535], stored: "Uint16" },
  uint32: { type: new Uint32(), values: [0, 2 ** 32 - 1], stored: "Uint32" },
  uint64: { type: new Uint64(), values: [2n ** 53n + 1n, 2n ** 64n - 1n], stored: "Uint64" },
  half: { type: new Float16(), values: [0.25, -65_504], stored: "Float32" },
  float: { type: new Float32(), values: [0.5, -0], stored: "Float32" },
  double: { type: new Float64(), values: [0.1, Number.MAX_VALUE], stored: "Float64" },
  not_finite: { type: new Float64(), values: [Number.NaN, Number.NEGATIVE_INFINITY], stored: "Float64" },
  bool: { type: new Bool(), values: [true, false], stored: "Bool" },
  utf8: { type: new Utf8(), values: ["", "grün 🌱 \u0000 end"], stored: "Utf8" },
  large_utf8: { type: new LargeUtf8(), values: ["", "groß"], stored: "Utf8" },
  category: { type: new Dictionary(new Utf8(), new Int32()), values: ["a", "b"], stored: "Utf8" },
  second: {
    type: new TimestampSecond(),
    values: [1_000, -1_000],
    stored: "Timestamp<SECOND>",
    expected: [1n, -1n],
  },
  milli: {
    type: new TimestampMillisecond("UTC"),
    values: [1, -1],
    stored: "Timestamp<MILLISECOND, UTC>",
    expected: [1n, -1n],
  },
  micro: {
    type: new TimestampMicrosecond("Europe/Berlin"),
    values: [1.5, -0.5],
    stored: "Timestamp<MICROSECOND, Europe/Berlin>",
    expected: [1500n, -500n],
  },
  nano: {
    type: new TimestampNanosecond(),
    values: [1.5, -1],
    stored: "Timestamp<NANOSECOND>",
    expected: [1_500_000n, -1_000_000n],
  },
  day: {
    type: new DateDay(),
    values: [new Date("1969-12-31"), new Date("2024-02-29")],
    stored: "Date32<DAY>",
    expected: [Date.parse("1969-12-31"), Date.parse("2024-02-29")],
  },
  day_ms: {
    type: new DateMillisecond(),
    values: [new Date("1969-12-31"), new Date("2024-02-29")],
    stored: "Timestamp<MILLISECOND>",
    expected: [BigInt(Date.parse("1969-12-31")), BigInt(Date.parse("2024-02-29"))],
  },
  bytes: {
    type: new Binary(),
    values: [Uint8Array.of(0, 255), new Uint8Array()],
    stored: "Binary",
    expected: ["00ff", ""],
  },
  large_bytes: {
    type: new LargeBinary(),
    values: [Uint8Array.of(1), Uint8Array.of(2, 3)],
    stored: "Binary",
    expected: ["01", "0203"],
  },
  decimal: {
    type: new Decimal(2, 20, 128),
    values: [
      Uint32Array.of(1_234, 0, 0, 0),
      Uint32Array.of(2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1),
    ],
    stored: "Decimal[20e+2]",
    expected: [1_234n, -1n],
  },
  tags: {
    type: new List(new Field("element", new Utf8(), true)),
    values: [["a", null, ""], []],
    stored: "List<Utf8>",
  },
  counts: {
    type: new List(new Field("item", new Int64(), true)),
    values: [[2n ** 60n], [1n, 2n]],
    stored: "List<Int64>",
  },
  second_vector: {
    type: new FixedSizeList(2, new Field("item", new Float32(), true)),
    values: [
      [1, 2],
      [3, 4],
    ],
    stored: "FixedSizeList[2]<Float32>",
  },
};

test("columns of every kind are carried over with exact values, nulls among them", async () => {
  const rows: Row[] = sampleRows(8).map((row, i) => {
    const others = Object.entries(kinds).map(([name, { values }]) => [name, [...values, null][i % 3]]);
    return { ...row, ...Object.fromEntries(others) };
  });
  const types = Object.fromEntries(Object.entries(kinds).map(([name, { type }]) => [name, type]));
  await write("kinds/a.parquet", rows, { types, rowGroupRows: 4 });
  const job = await migrate("kinds", { vectorColumn: "vector" });
  expect(job.error).toBeNull();
  const stored = await storedRows(lakehouse, "kinds");
  const { schema } = await storedTable(lakehouse, "kinds");
  for (const [name, kind] of Object.entries(kinds)) {
    expect(String(schema.fields.find((field) => field.name === name)?.type), name).toBe(kind.stored);
    const expected = [...(kind.expected ?? kind.values), null];
    const found = rows.map(({ doc_id }) => stored.get(String(doc_id))?.[name]);
    expect(found, name).toEqual(rows.map((_, i) => expected[i % 3]));
  }
});

test("a column of nulls only keeps its type", async () => {
  await write("nulls/a.parquet", sampleRows(3), { types: {} });
  const rows = sampleRows(3, 8, "n").map((row) => ({ ...row, lang: null }));
  await write("nulls/b.parquet", rows, { types: { lang: new Int16() } });
  expect((await migrate("nulls")).error).toBeNull();
  const { schema } = await storedTable(lakehouse, "nulls");
  expect(String(schema.fields.find(({ name }) => name === "lang")?.type)).toBe("Int16");
});

test("a column that only some files have is null in the rows of the others", async () => {
  const types = {
    rank: new Int64(),
    flag: new Bool(),
    tags: kinds["tags"]?.type,
    title: kinds["second_vector"]?.type,
  } as ParquetOptions["types"];
  await write("some/a.parquet", sampleRows(2, 8, "a"));
  const ranked = sampleRows(2, 8, "b").map((row) => ({
    ...row,
    rank: 7n,
    flag: true,
    tags: ["x"],
    title: [1, 2],
  }));
  await write("some/b.parquet", ranked, { types });
  await write(
    "some/c.parquet",
    sampleRows(2, 8, "c").map(({ chunk_text, ...row }) => row),
  );
  expect((await migrate("some", { vectorColumn: "vector" })).error).toBeNull();
  const stored = await storedRows(lakehouse, "some");
  expect(stored.get("a1")).toMatchObject({
    chunk_text: "text 1",
    rank: null,
    flag: null,
    tags: null,
    title: null,
  });
  expect(stored.get("b1")).toMatchObject({
    chunk_text: "text 1",
    rank: 7n,
    flag: true,
    tags: ["x"],
    title: [1, 2],
  });
  expect(stored.get("c1")).toMatchObject({ chunk_text: null, rank: null, tags: null, title: null });
});

test("names with spaces, quotes, capitals and other alphabets are kept", async () => {
  const names = ["My Text", "it's", 'say "hi"', "größe", "select", "a,b", "Text", "text", "__proto__x"];
  const rows = sampleRows(2).map((row) => ({
    ...row,
    ...Object.fromEntries(names.map((name) => [name, name])),
  }));
  await write("names/a.parquet", rows);
  expect((await migrate("names")).error).toBeNull();
  const stored = (await storedRows(lakehouse, "names")).get("d1");
  for (const name of names) expect(stored?.[name]).toBe(name);
});

const renamed = (rows: Row[], to: { id?: string; vector?: string }) =>
  rows.map(({ doc_id, vector, ...row }) => ({
    ...row,
    [to.id ?? "doc_id"]: doc_id,
    [to.vector ?? "vector"]: vector,
  }));

/** Columns of other names than doc_id and vector. */
async function writeRenamed(
  index: string,
  to: { id?: string; vector?: string },
  more: object = {},
): Promise<void> {
  const vectorType = new FixedSizeList(8, new Field("item", new Float32(), true));
  const rows = renamed(sampleRows(3), to).map((row) => ({ ...row, ...more }));
  await write(`${index}/a.parquet`, rows as unknown as Row[], {
    names: Object.keys(rows[0] ?? {}),
    types: { [to.vector ?? "vector"]: vectorType },
  });
}

test.each([
  ["by their names", { id: "uuid", vector: "embedding" }, {}, {}],
  ["as the only ones that fit", { id: "chunk_text", vector: "x" }, {}, {}],
  [
    "as the job says",
    { id: "my key", vector: "b" },
    { other: "o" },
    { idColumn: "my key", vectorColumn: "b" },
  ],
])("the id and vector columns are found %s", async (how, to, more, told) => {
  const index = how.replaceAll(" ", "-");
  await writeRenamed(index, to, more);
  const job = await migrate(index, told);
  expect(job.error).toBeNull();
  const { published } = (await container.registry.get(index)).value;
  expect(published).toMatchObject({ idColumn: to.id, vectorColumn: to.vector, dimension: 8 });
  expect([...(await storedRows(lakehouse, index, to.id)).keys()]).toEqual(["d0", "d1", "d2"]);
});

test("integer ids become strings, digit by digit, beyond 2^53 too", async () => {
  const ids = [2n ** 53n + 1n, -1n, 2n ** 63n - 1n];
  const rows = sampleRows(3).map((row, i) => ({ ...row, doc_id: ids[i] as never }));
  await write("integers/a.parquet", rows, { types: { doc_id: new Int64() } });
  const unsigned = sampleRows(1).map((row) => ({ ...row, doc_id: (2n ** 64n - 1n) as never }));
  await write("integers/b.parquet", unsigned, { types: { doc_id: new Uint64() } });
  const category = sampleRows(1).map((row) => ({ ...row, doc_id: "seven" }));
  await write("integers/c.parquet", category, { types: { doc_id: kinds["category"]?.type as DataType } });
  expect((await migrate("integers")).error).toBeNull();
  const stored = await storedRows(lakehouse, "integers");
  expect(new Set(stored.keys())).toEqual(new Set([...ids, 2n ** 64n - 1n, "seven"].map(String)));
});

test("a dimension that the job says is checked, one it does not say is found", async () => {
  for (const layout of ["list", "fixed_size_list", "binary"] as const) {
    const index = `dimension-${layout}`;
    await write(`${index}/a.parquet`, sampleRows(3), { layout });
    expect((await migrate(index, { dimension: 8 })).error).toBeNull();
    expect((await container.registry.get(index)).value.published?.dimension).toBe(8);
    const refused = await migrate(`${index}-2`, { source: `source/${index}`, dimension: 4 });
    expect(refused.error).toMatchObject({ code: "source-invalid" });
    expect(refused.error?.message).toMatch(
      /^dimension-\w+\/a.parquet.*: (the vector|vectors) ha(s|ve) .*(8|32).*\b4\b/,
    );
  }
});

test("vectors of one value load, told or found", async () => {
  await write("one-value/a.parquet", sampleRows(3, 1), { layout: "list" });
  expect((await migrate("one-value")).error).toBeNull();
  expect((await container.registry.get("one-value")).value.published?.dimension).toBe(1);
});
