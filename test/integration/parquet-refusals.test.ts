import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  Binary,
  Field,
  FixedSizeList,
  Float32,
  Float64,
  Int32,
  Int64,
  List,
  Map_,
  Struct,
  Utf8,
} from "apache-arrow";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { dropIndex } from "../../lib/domain/index/drop-index.ts";
import type { Job } from "../../lib/domain/jobs/job.ts";
import { describeIndex } from "../../lib/domain/search/describe-index.ts";
import { noSeveralVectors } from "../../lib/domain/values/several-vectors.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import {
  Compression,
  type Layout,
  type ParquetOptions,
  parquetBytes,
  type Row,
  sampleRows,
} from "../support/parquet-files.ts";
import { storedRows, storedTables } from "../support/stored-rows.ts";

let lakehouse: Lakehouse;
let container: Container;
let sources = 0;

beforeAll(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
});
afterAll(() => lakehouse.remove());

/** After every refusal: no index, no table, no claim. */
afterEach(async () => {
  const entry = await container.registry.read("docs");
  expect(entry?.value.claim ?? null).toBeNull();
  expect(entry?.value.state ?? "dropped").toBe("dropped");
  expect(await storedTables(lakehouse, "docs")).toEqual([]);
  const described = describeIndex(container.registry, container.indexes, container.fallbacks, "docs");
  await expect(described).rejects.toMatchObject({ kind: "IndexNotFound" });
});

type Files = Record<string, Uint8Array>;

async function putFiles(files: Files): Promise<string> {
  const prefix = `s${sources++}`;
  for (const [name, bytes] of Object.entries(files)) {
    const path = join(lakehouse.source, prefix, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
  return prefix;
}

async function migrate(source: string, more: object = {}): Promise<Job> {
  return runJob(container, { type: "migrate", index: "docs", source: `source/${source}`, ...more });
}

interface Refused {
  message: string;
  /** `path: message` of each issue, without the folder of the source. */
  issues: string[];
}

/** Migrates the files and expects a refusal. */
async function refusalOf(files: Files, more: object = {}): Promise<Refused> {
  const prefix = await putFiles(files);
  const { state, error } = await migrate(prefix, more);
  expect(error).toMatchObject({ code: "source-invalid" });
  expect(state).toBe("failed");
  const named = (text: string) => text.replaceAll(`${prefix}/`, "");
  const issues = (error?.issues ?? []).map(({ path, message }) => named(`${path}: ${message}`));
  return { message: named(error?.message ?? ""), issues };
}

/** One file, one issue, and the message is that issue. */
async function expectIssue(bytes: Uint8Array, issue: string, more: object = {}): Promise<void> {
  const refused = await refusalOf({ "a.parquet": bytes }, more);
  expect(refused).toEqual({ message: `a.parquet${issue}`, issues: [`a.parquet${issue}`] });
}

/** Sample rows with one of them changed. */
function rowsWith(at: number, change: object, count = 30): Row[] {
  return sampleRows(count).map((row, i) => (i === at ? { ...row, ...change } : row));
}

const small: ParquetOptions = { rowGroupRows: 10 };

test.each([
  ["a file", "nowhere.parquet"],
  ["a prefix", "no/where/"],
])("a source that is not there is refused: %s", async (_, source) => {
  const { error } = await migrate(source);
  const message = `source/${source.replace(/\/$/, "")}: there is no such file or prefix`;
  expect(error).toMatchObject({ code: "source-invalid", message, phase: "plan" });
  expect(error?.issues).toHaveLength(1);
});

test("a prefix without Parquet files is refused", async () => {
  const prefix = await putFiles({ "a.csv": new Uint8Array(3), "_b.parquet": parquetBytes(sampleRows(2)) });
  const { error } = await migrate(prefix);
  expect(error?.message).toBe(`source/${prefix}: none of its 2 files ends with .parquet`);
});

const good = parquetBytes(sampleRows(30), small);
const footerBytes = new DataView(good.buffer, good.byteOffset).getUint32(good.length - 8, true);

test.each([
  ["empty", new Uint8Array(), ": the file is empty"],
  ["short", new Uint8Array(11), ": cannot be read as Parquet (11 bytes are too few)"],
  [
    "of another format",
    new TextEncoder().encode("id,text\n".repeat(99)),
    ": cannot be read as Parquet (it does not end with PAR1; it is cut short or another format)",
  ],
  [
    "cut short",
    good.slice(0, -1_000),
    ": cannot be read as Parquet (it does not end with PAR1; it is cut short or another format)",
  ],
  [
    "without its beginning",
    good.slice(-footerBytes),
    `: cannot be read as Parquet (its footer would take ${footerBytes} of ${footerBytes} bytes)`,
  ],
])("a file that is %s is refused", async (_, bytes, issue) => {
  await expectIssue(bytes, issue);
});

test.each<Layout>(["list", "fixed_size_list", "binary"])(
  "a file of 0 rows is refused: %s",
  async (layout) => {
    const { message } = await refusalOf({ "a.parquet": parquetBytes([], { layout }) });
    expect(message).toMatch(/holds no rows$/);
  },
);

test("a file damaged in the middle is refused with the row groups at fault", async () => {
  const bytes = parquetBytes(sampleRows(3_000, 64), { compression: Compression.ZSTD, rowGroupRows: 1_000 });
  const middle = Math.floor(bytes.length / 2);
  bytes.subarray(middle, middle + 512).fill(0xff);
  const { message, issues } = await refusalOf({
    "a.parquet": parquetBytes(sampleRows(9, 64)),
    "b.parquet": bytes,
  });
  expect(message).toMatch(/^b.parquet, row groups 0 to 2: cannot be/);
  expect(issues).toEqual([message]);
});

test("columns that cannot serve are refused with what the file has", async () => {
  const text = sampleRows(2).map((row) => ({ doc_id: row.doc_id, chunk_text: "x" })) as unknown as Row[];
  await expectIssue(
    parquetBytes(text, { names: ["doc_id", "chunk_text"] }),
    ": has no vector column (a list, fixed-size list or binary of floats); name it with vectorColumn. It has: doc_id (Utf8), chunk_text (Utf8)",
  );
  await expectIssue(
    parquetBytes(text, { names: ["doc_id", "chunk_text"] }),
    ': has no column "emb"; it has: doc_id (Utf8), chunk_text (Utf8)',
    { vectorColumn: "emb" },
  );
  await expectIssue(
    parquetBytes(text, { names: ["doc_id"] }),
    ': column "doc_id" is not a list, fixed-size list or binary of floats; it has: doc_id (Utf8)',
    { vectorColumn: "doc_id" },
  );
});

const list = new List(new Field("item", new Float32(), true));

test("an id column is needed, and told where several could be", async () => {
  const rows = sampleRows(2).map(({ vector }) => ({ a: "x", b: "y", c: 0.5, v: vector, w: vector }));
  const bytes = (...names: string[]) =>
    parquetBytes(rows as unknown as Row[], { names, types: { v: list, w: list, c: new Float64() } });
  await expectIssue(
    bytes("c", "v"),
    ": has no id column (a string, integer, UUID or fixed-size binary); name it with idColumn. It has: c (Float64), v (List<Float32>)",
  );
  await expectIssue(
    bytes("a", "b", "v"),
    ": more than one could be the id column: a (Utf8), b (Utf8); name it with idColumn. It has: a (Utf8), b (Utf8), v (List<Float32>)",
  );
  await expectIssue(
    bytes("a", "v", "w"),
    ": more than one could be the vector column: v (List<Float32>), w (List<Float32>); name it with vectorColumn. It has: a (Utf8), v (List<Float32>), w (List<Float32>)",
  );
});

test.each([
  new List(new Field("item", list, true)),
  new List(new Field("item", new FixedSizeList(2, list.children[0] as Field), true)),
])("a column with several vectors a row is refused with what to write instead: %s", async (type) => {
  const rows = sampleRows(2).map(({ vector: v }) => ({
    doc_id: "x",
    v,
    embedding: [
      [1, 2],
      [3, 4],
    ],
  }));
  const bytes = (...names: string[]) =>
    parquetBytes(rows as unknown as Row[], { names, types: { v: list, embedding: type } });
  const issue = `, column embedding: is ${type}: ${noSeveralVectors}`;
  await expectIssue(bytes("doc_id", "embedding"), issue);
  await expectIssue(bytes("doc_id", "embedding", "v"), issue, { vectorColumn: "embedding" });
  const { message } = await refusalOf(
    { "a.parquet": bytes("doc_id", "embedding", "v") },
    { vectorColumn: "v" },
  );
  expect(message).toContain(`column embedding: ${type} cannot be stored; leave the column out`);
});

const vector = Array.from({ length: 8 }, () => 0.5);

test.each<[string, Row[], ParquetOptions, string]>([
  [
    "a vector too short",
    rowsWith(17, { vector: vector.slice(1) }),
    { layout: "list" },
    ", row group 1, row 7: the vector has 7 values, not 8",
  ],
  [
    "a vector too long",
    rowsWith(29, { vector: [...vector, 1] }),
    { layout: "list<double>" },
    ", row group 2, row 9: the vector has 9 values, not 8",
  ],
  [
    "an empty vector",
    rowsWith(0, { vector: [] }),
    { layout: "binary" },
    ", row group 0, row 0: the vector has 0 bytes, not 32 (8 float32)",
  ],
  [
    "a null vector",
    rowsWith(12, { vector: null }),
    { layout: "list" },
    ", row group 1, row 2: the vector is null",
  ],
  [
    "a null vector of fixed size",
    rowsWith(12, { vector: null }),
    {},
    ", row group 1, row 2: the vector is null",
  ],
  [
    "a null at first",
    rowsWith(0, { vector: null }),
    { layout: "binary" },
    ", row group 0, row 0: the vector is null",
  ],
  [
    "a null value",
    rowsWith(21, { vector: [1, 2, 3, null, 5, 6, 7, 8] }),
    { layout: "list" },
    ", row group 2, row 1: value 3 of the vector is null",
  ],
  [
    "NaN",
    rowsWith(3, { vector: vector.with(2, Number.NaN) }),
    {},
    ", row group 0, row 3: value 2 of the vector is NaN, not a finite float32",
  ],
  [
    "infinity",
    rowsWith(3, { vector: vector.with(7, Number.NEGATIVE_INFINITY) }),
    { layout: "list<half>" },
    ", row group 0, row 3: value 7 of the vector is -Infinity, not a finite float32",
  ],
  [
    "a double beyond float32",
    rowsWith(10, { vector: vector.with(0, 1e39) }),
    { layout: "list<double>" },
    ", row group 1, row 0: value 0 of the vector is Infinity, not a finite float32",
  ],
  [
    "a length beyond float32",
    rowsWith(10, { vector: vector.with(0, 1e20) }),
    {},
    ", row group 1, row 0: the vector's values are too large: distances in float32 are right for lengths of 1e-19 to 1e+18",
  ],
  ["a null id", rowsWith(15, { doc_id: null }), {}, ", row group 1, row 5: the document id is null"],
  ["an empty id", rowsWith(15, { doc_id: "" }), {}, ", row group 1, row 5: the document id is empty"],
  [
    "a long id",
    rowsWith(15, { doc_id: "x".repeat(1_025) }),
    {},
    ", row group 1, row 5: the document id is longer than 1024 characters",
  ],
])("a row is refused by its place in the file: %s", async (_, rows, options, issue) => {
  await expectIssue(parquetBytes(rows, { ...small, ...options, dimension: 8 }), issue);
});

test("a null integer id is refused", async () => {
  const rows = sampleRows(3).map((row, i) => ({ ...row, doc_id: (i === 1 ? null : i) as never }));
  const bytes = parquetBytes(rows, { types: { doc_id: new Int32() } });
  await expectIssue(bytes, ", row group 0, row 1: the document id is null");
});

test("a vector of all zeros is refused only where the metric is cosine", async () => {
  const bytes = parquetBytes(rowsWith(4, { vector: Array(8).fill(0) }), small);
  await expectIssue(
    bytes,
    ", row group 0, row 4: the vector is all zeros, which has no direction to compare by cosine",
  );
  const tiny = parquetBytes(rowsWith(4, { vector: Array(8).fill(1e-25) }), small);
  await expectIssue(
    tiny,
    ", row group 0, row 4: the vector's values are too small: distances in float32 are right for lengths of 1e-19 to 1e+18",
  );
  const prefix = await putFiles({ "a.parquet": bytes });
  for (const metric of ["l2", "dot"]) {
    const job = await migrate(prefix, { index: `zeros-${metric}`, metric });
    expect(job.error).toBeNull();
  }
});

test("binary vectors of a length that float32 values cannot have are refused", async () => {
  const bytes = (rows: Row[]) => {
    const odd = rows.map((row) => ({
      ...row,
      vector: null,
      emb: new Uint8Array(row.vector?.length ?? 0).fill(63),
    }));
    return parquetBytes(odd, { names: ["doc_id", "emb"], types: { emb: new Binary() } });
  };
  const rows = (...lengths: number[]) =>
    lengths.map((length, i) => ({ doc_id: `d${i}`, vector: Array(length).fill(1) }));
  await expectIssue(bytes(rows(7)), ", row group 0, row 0: the vector has 7 bytes, not a multiple of 4");
  await expectIssue(bytes(rows(8, 9)), ", row group 0, row 1: the vector has 9 bytes, not 8 (2 float32)");
});

test.each<[Layout, string]>([
  ["list", "b.parquet: vectors have dimension 4, a.parquet has 8"],
  ["list<half>", "b.parquet: vectors have dimension 4, a.parquet has 8"],
  ["fixed_size_list", "b.parquet: vectors have dimension 4, a.parquet has 8"],
  ["fixed_size_binary", "b.parquet: vectors have dimension 4, a.parquet has 8"],
])("files of different dimensions are refused: %s", async (layout, issue) => {
  const refused = await refusalOf({
    "a.parquet": parquetBytes(sampleRows(5, 8), { layout }),
    "b.parquet": parquetBytes(sampleRows(5, 4, "e"), { layout }),
  });
  expect(refused).toEqual({ message: issue, issues: [issue] });
});

test("binary vectors of a dimension that another file does not have are refused by row, all of them", async () => {
  const layout = "binary";
  const { issues } = await refusalOf({
    "a.parquet": parquetBytes(sampleRows(5, 8), { layout }),
    "b.parquet": parquetBytes(sampleRows(3, 4, "e"), { layout }),
  });
  const why = "the vector has 16 bytes, not 32 (8 float32)";
  expect(issues).toEqual([0, 1, 2].map((row) => `b.parquet, row group 0, row ${row}: ${why}`));
});

test("vectors longer than an index takes are refused in every layout", async () => {
  for (const layout of ["list", "fixed_size_list", "binary"] as const)
    await expectIssue(
      parquetBytes(sampleRows(1, 16_385), { layout }),
      ": vectors have dimension 16385, at most 16384",
    );
});

test("columns whose types cannot be stored are refused by name, all of them at once", async () => {
  const struct = new Struct([new Field("x", new Int32(), true)]);
  const pair = new Struct<{ key: Utf8; value: Int32 }>([
    new Field("key", new Utf8(), false),
    new Field("value", new Int32(), true),
  ]);
  const map = new Map_(new Field("entries", pair, false));
  const nested = new List(new Field("item", new List(new Field("item", new Int64(), true)), true));
  const rows = sampleRows(2).map((row) => ({
    ...row,
    at: { x: 1 },
    labels: new Map([["a", 1]]),
    rows: [[1n]],
  }));
  const types = { at: struct, labels: map, rows: nested };
  const { issues, message } = await refusalOf({ "a.parquet": parquetBytes(rows, { types }) });
  expect(issues.map((issue) => issue.split(": ")[0])).toEqual([
    "a.parquet, column at",
    "a.parquet, column labels",
    "a.parquet, column rows",
  ]);
  for (const issue of issues)
    expect(issue).toContain("cannot be stored; leave the column out or write it as");
  expect(message).toBe(issues.join("; "));
});

test("columns whose type differs between files are refused by file and column", async () => {
  const ranked = (prefix: string, rank: unknown) => sampleRows(2, 8, prefix).map((row) => ({ ...row, rank }));
  const { issues } = await refusalOf({
    "a.parquet": parquetBytes(ranked("a", 1), { types: { rank: new Int32() } }),
    "b.parquet": parquetBytes(ranked("b", "1")),
    "c.parquet": parquetBytes(sampleRows(1, 8, "c").map(({ vector, ...row }) => row) as Row[], {
      names: ["doc_id", "chunk_text"],
    }),
  });
  expect(issues).toEqual([
    "b.parquet, column rank: is Utf8, in a.parquet it is Int32",
    'c.parquet: has no column "vector"',
  ]);
});

const tooBold: [string, string][] = [
  ["_distance", "the name is reserved; rename the column"],
  ["Score", "the name is reserved; rename the column"],
  ["_rowid", "the name is reserved; rename the column"],
  ["_rowoffset", "the name is reserved; rename the column"],
  ["_row_created_at_version", "the name is reserved; rename the column"],
  ["_origin", "the name is reserved; rename the column"],
  ["_sealed_12", "the name is reserved; rename the column"],
  ["meta.lang", "a column name may not be empty or hold . ` or control characters"],
  ["back`tick", "a column name may not be empty or hold . ` or control characters"],
  ["*", "the name stands for all columns; rename the column"],
  ["x".repeat(1_025), "the name has 1025 characters, at most 1024"],
  ["line\nbreak", "a column name may not be empty or hold . ` or control characters"],
];

test("column names that cannot be kept are refused, all of them at once", async () => {
  const names = tooBold.map(([name]) => name);
  const rows = sampleRows(2).map((row) => ({
    ...row,
    ...Object.fromEntries(names.map((name) => [name, "x"])),
  }));
  const { issues } = await refusalOf({ "a.parquet": parquetBytes(rows) });
  const expected = tooBold.map(
    ([name, why]) => `a.parquet, column ${name.replace("\n", "\\n").slice(0, 64)}: ${why}`,
  );
  expect(issues).toEqual(expected);
});

test("a column doc_id that is not the id is refused: every document has its id under that name", async () => {
  const rows = sampleRows(2).map((row) => ({ ...row, chunk_id: row.doc_id }));
  await expectIssue(
    parquetBytes(rows),
    ", column doc_id: the name is reserved for the id, which is chunk_id; rename the column",
    { idColumn: "chunk_id" },
  );
});

test("duplicate ids are refused, the first ten by name and place, within a file and across files", async () => {
  const twice = (prefix: string) => [...sampleRows(12, 8, prefix), ...sampleRows(12, 8, prefix)];
  const { issues, message } = await refusalOf({
    "a.parquet": parquetBytes(twice("a"), small),
    "b.parquet": parquetBytes(sampleRows(3, 8, "a"), small),
  });
  expect(issues).toHaveLength(10);
  expect(issues[0]).toBe(
    'a.parquet, row group 0, row 0; a.parquet, row group 1, row 2; b.parquet, row group 0, row 0: document id "a0" is there 3 times',
  );
  expect(issues[9]).toBe(
    'a.parquet, row group 0, row 9; a.parquet, row group 2, row 1: document id "a9" is there 2 times',
  );
  expect(message).toMatch(/^12 document ids are not unique: .*set onDuplicate to "keep-last"$/);
});

test("keep-last keeps exactly the last of each id, by file name and then row", async () => {
  const numbered = (file: string, count: number, from: number) =>
    sampleRows(count, 8, "d").map((row, i) => ({ ...row, chunk_text: `${file}${from + i}` }));
  const prefix = await putFiles({
    "b.parquet": parquetBytes([...numbered("b", 1_500, 0), ...numbered("b", 1_500, 1_500)], {
      rowGroupRows: 700,
    }),
    "a.parquet": parquetBytes(numbered("a", 2_000, 0), { rowGroupRows: 300 }),
    "c.parquet": parquetBytes(
      Array.from({ length: 40 }, (_, i) => ({ ...numbered("c", 1, i)[0], doc_id: "d7" }) as Row),
    ),
  });
  const more = { index: "last", onDuplicate: "keep-last", workers: 3 };
  const job = await migrate(prefix, more);
  expect(job.error).toBeNull();
  const stored = await storedRows(lakehouse, "last");
  expect((await container.registry.get("last")).value.published?.rows).toBe(2_000);
  const lastOf = (i: number) => (i === 7 ? "c39" : i < 1_500 ? `b${1_500 + i}` : `a${i}`);
  expect(stored.size).toBe(2_000);
  for (let i = 0; i < 2_000; i++) expect(stored.get(`d${i}`)?.["chunk_text"]).toBe(lastOf(i));
});

test("after all of these a good source loads, and a bad one after it leaves it serving", async () => {
  const prefix = await putFiles({ "a.parquet": parquetBytes(sampleRows(30), small) });
  expect((await migrate(prefix)).error).toBeNull();
  const { generation } = (await container.registry.get("docs")).value.published ?? {};
  const bad = await putFiles({ "a.parquet": parquetBytes(rowsWith(25, { vector: null }), small) });
  expect((await migrate(bad)).error).toMatchObject({ code: "source-invalid", phase: "load" });
  const entry = (await container.registry.get("docs")).value;
  expect(entry).toMatchObject({ state: "ready", claim: null, published: { generation, rows: 30 } });
  expect(await storedTables(lakehouse, "docs")).toEqual([`${generation}.lance`]);
  expect((await storedRows(lakehouse, "docs")).size).toBe(30);
  await dropIndex(container.registry, container.generations, "docs");
});
