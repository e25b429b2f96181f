import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import {
  Compression,
  type Layout,
  type Row,
  sampleRows,
  writeParquetFile,
} from "../support/parquet-files.ts";
import { storedRows } from "../support/stored-rows.ts";

let lakehouse: Lakehouse;
let container: Container;

beforeAll(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
});
afterAll(() => lakehouse.remove());

const codecs = [
  Compression.UNCOMPRESSED,
  Compression.SNAPPY,
  Compression.GZIP,
  Compression.BROTLI,
  Compression.LZ4,
  Compression.ZSTD,
  Compression.LZ4_RAW,
];
const layouts: Layout[] = [
  "list",
  "list<double>",
  "list<half>",
  "fixed_size_list",
  "binary",
  "fixed_size_binary",
];

const write = (path: string, rows: Row[], options = {}) =>
  writeParquetFile(join(lakehouse.source, path), rows, options);

async function migrate(index: string, source: string, more: object = {}) {
  const job = await runJob(container, { type: "migrate", index, source: `source/${source}`, ...more });
  expect(job.error).toBeNull();
  return storedRows(lakehouse, index);
}

/** Half precision keeps 11 bits: quarters below 256 survive. */
const quarters = (rows: Row[]): Row[] =>
  rows.map((row) => ({
    ...row,
    vector: row.vector?.map((value) => Math.round(value * 400) / 4 + 0.25) ?? null,
  }));

test.each(layouts)("vectors as %s load exactly, whatever the codec", async (layout) => {
  const index = layout.replace(/\W/g, "-").replace(/-$/, "");
  const written: Row[] = [];
  for (const compression of codecs) {
    const sampled = sampleRows(30, 8, `${Compression[compression]}-`.toLowerCase());
    const rows = layout === "list<half>" ? quarters(sampled) : sampled;
    await write(`${index}/${Compression[compression]}.parquet`, rows, {
      layout,
      compression,
      rowGroupRows: 10,
    });
    written.push(...rows);
  }
  const stored = await migrate(index, index);
  expect(stored.size).toBe(codecs.length * 30);
  for (const { doc_id, chunk_text, vector } of written)
    expect(stored.get(String(doc_id))).toEqual({ doc_id, chunk_text, vector: vector?.map(Math.fround) });
});

test("one file may have any name and lie in any folder", async () => {
  await write("deep/er/_staging/rows.bin", sampleRows(5));
  const stored = await migrate("one-file", "deep/er/_staging/rows.bin");
  expect(stored.size).toBe(5);
});

test("a prefix means all Parquet files under it, but none whose name or folder starts with _ or .", async () => {
  await write("tree/b.parquet", sampleRows(3, 8, "b"));
  await write("tree/a/one.PARQUET", sampleRows(3, 8, "one"));
  await write("tree/a/day=1/two.parq", sampleRows(3, 8, "two"));
  await write("tree/a/three.pq", sampleRows(3, 8, "three"));
  for (const ignored of ["_b.parquet", ".c.parquet", "_temporary/0/d.parquet", ".hidden/e.parquet", "f.csv"])
    await write(`tree/${ignored}`, sampleRows(3, 8, "ignored"));
  await write("tree-2/g.parquet", sampleRows(3, 8, "ignored"));
  const stored = await migrate("tree", "tree/", { partitionColumns: "ignore" });
  const expected = ["b", "one", "two", "three"].flatMap((prefix) => [0, 1, 2].map((i) => `${prefix}${i}`));
  expect([...stored.keys()].sort()).toEqual(expected.sort());
});

test("files of one source may differ in layout, codec and row groups, and some may be empty", async () => {
  for (const [i, layout] of layouts.entries())
    await write(`mixed/${i}.parquet`, quarters(sampleRows(20, 8, `${i}-`)), { layout, rowGroupRows: 7 + i });
  await write("mixed/9.parquet", [], { dimension: 8 });
  const stored = await migrate("mixed", "mixed", { workers: 3 });
  expect(stored.size).toBe(layouts.length * 20);
});

test("what Polars writes loads: large lists, categories, times of a zone", async () => {
  const at = 1_709_208_000_123_456n; // 2024-02-29T12:00Z
  await copyFixture("written-by-polars.parquet");
  const stored = await migrate("polars", "written-by-polars.parquet");
  expect([...stored.values()]).toEqual([
    { doc_id: "d0", vector: [1, 0.5, -0.25, 0], tags: ["a", "b"], kind: "x", at },
    { doc_id: "d1", vector: [2, 0.5, -0.25, 0.125], tags: [], kind: "y", at: null },
    { doc_id: "d2", vector: [3, 0.5, -0.25, 0.25], tags: null, kind: "x", at },
    { doc_id: "d3", vector: [4, 0.5, -0.25, 0.375], tags: ["c"], kind: null, at: null },
  ]);
});

test("what pyarrow writes loads: views, dictionaries, decimals, fixed sizes, in joined row groups", async () => {
  await copyFixture("written-by-pyarrow.parquet");
  const stored = await migrate("pyarrow", "written-by-pyarrow.parquet", { idColumn: "doc_id" });
  const [first, second, third, fourth] = [...stored.values()];
  expect(first).toEqual({
    ...{ doc_id: "d0", vector: [1, 0.5, -0.25, 0], large: "a", large_bytes: "00ff", view: "31" },
    ...{
      uuid: "000102030405060708090a0b0c0d0e0f",
      kind: "x",
      code: 7,
      price: 1_234_567_890_123_456n,
      wide: 10n ** 42n - 5n,
    },
    ...{ half: 0.5, day64: 86_400_000n, legacy: 1n, pairs: ["a", "b"], tags: ["a", null] },
  });
  expect(second).toMatchObject({
    large: "ü",
    large_bytes: "",
    uuid: null,
    view: null,
    kind: "y",
    code: null,
  });
  expect(second).toMatchObject({ price: -1n, wide: null, half: null, day64: null, pairs: null, tags: [] });
  expect(third).toMatchObject({
    large: null,
    large_bytes: null,
    kind: null,
    code: -7,
    price: null,
    wide: -15n,
  });
  expect(third).toMatchObject({ day64: -86_400_000n, legacy: -1n, pairs: ["c", "d"], tags: null });
  expect(fourth).toMatchObject({ large: "", view: "", code: 7, price: 10n, half: 65504, pairs: ["", "e"] });
});

async function copyFixture(name: string): Promise<void> {
  await mkdir(lakehouse.source, { recursive: true });
  await copyFile(join(import.meta.dirname, "../support/parquet", name), join(lakehouse.source, name));
}
