import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { connect, type Table } from "@lancedb/lancedb";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { checksumOfGeneration } from "../../scripts/verify/generation-rows.ts";
import { checksumOfParquet } from "../../scripts/verify/parquet-rows.ts";
import { verifyIndex } from "../../scripts/verify/verify-index.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { Compression, type Layout, sampleRows, writeParquetFile } from "../support/parquet-files.ts";

const layouts: Layout[] = [
  "list",
  "list<double>",
  "list<half>",
  "fixed_size_list",
  "binary",
  "fixed_size_binary",
];
const rowsInFile = 300;
const columns = { idColumn: "doc_id", vectorColumn: "vector" };

let lakehouse: Lakehouse;
let paths: string[];
let table: Table;
let first: number;

beforeAll(async () => {
  lakehouse = await createLakehouse();
  paths = layouts.map((_, i) => join(lakehouse.source, `docs/${i}.parquet`));
  for (const [i, layout] of layouts.entries()) {
    const rows = sampleRows(rowsInFile, 8, `f${i}-`);
    const written = { layout, rowGroupRows: 77, compression: Compression.ZSTD };
    await writeParquetFile(paths[i] ?? "", rows, written);
  }
  const input = { type: "migrate", index: "docs", source: "source/docs", indexType: "IVF_FLAT" };
  expect((await runJob(lakehouse.open(), input)).error).toBeNull();
  table = await (await connect(join(lakehouse.root, "data/lance/docs"))).openTable("g1");
  first = await table.version();
});

/** Every test changes the table as any client can, and finds it as it was published. */
beforeEach(async () => {
  await table.checkout(first);
  await table.restore();
});

afterAll(() => lakehouse.remove());

const verify = () => verifyIndex("docs", undefined, lakehouse.environment as NodeJS.ProcessEnv);
const total = layouts.length * rowsInFile;

test("the rows of every layout are those of their source", async () => {
  const { equal, source, index, differences, files, ref } = await verify();
  expect({ equal, differences, files, generation: ref.generation }).toEqual({
    equal: true,
    differences: [],
    files: layouts.length,
    generation: "g1",
  });
  expect([source.rows, index.rows]).toEqual([total, total]);
  expect(index.checksum).toBe(source.checksum);
});

test("the checksum is that of the rows, in whatever order and however often they are cut", async () => {
  const forward = await checksumOfParquet(paths, columns);
  const backward = await checksumOfParquet(paths.toReversed(), columns);
  expect(backward.checksum).toBe(forward.checksum);
  expect((await checksumOfGeneration(table, columns)).checksum).toBe(forward.checksum);
  expect((await checksumOfParquet(paths.slice(1), columns)).checksum).not.toBe(forward.checksum);
});

test("rows that are there twice, or four times, are named", async () => {
  const again = await table.query().where("doc_id IN ('f1-5', 'f4-7')").toArray();
  await table.add(again.map((row) => ({ ...row.toJSON(), vector: Array.from(row.vector) })));
  await table.add(again.map((row) => ({ ...row.toJSON(), vector: Array.from(row.vector) })));
  const { equal, index, differences, complete } = await verify();
  expect({ equal, complete, rows: index.rows }).toEqual({ equal: false, complete: true, rows: total + 4 });
  expect(differences).toEqual([
    { kind: "doubled", ids: 2, examples: expect.arrayContaining(["f1-5", "f4-7"]) },
  ]);
});

test("rows that are missing are counted, and ten of them named", async () => {
  await table.delete("doc_id LIKE 'f2-%'");
  const { equal, differences } = await verify();
  expect(equal).toBe(false);
  expect(differences).toMatchObject([{ kind: "missing", ids: rowsInFile }]);
  expect(differences[0]?.examples).toHaveLength(10);
});

test("a row that was lost and another that took its place are told apart", async () => {
  await table.update({ where: "doc_id = 'f0-3'", values: { doc_id: "stranger" } });
  const { equal, source, index, differences } = await verify();
  expect(index.rows).toBe(source.rows);
  expect(equal).toBe(false);
  expect(differences.toSorted((a, b) => a.kind.localeCompare(b.kind))).toEqual([
    { kind: "missing", ids: 1, examples: ["f0-3"] },
    { kind: "not in the source", ids: 1, examples: ["stranger"] },
  ]);
});

test("a vector that differs in its last bit is a difference", async () => {
  const [row] = await table.query().where("doc_id = 'f3-9'").toArray();
  const vector = Float32Array.from(row.vector);
  const bits = new Uint32Array(vector.buffer);
  bits[7] = (bits[7] ?? 0) ^ 1;
  await table.update({ where: "doc_id = 'f3-9'", values: { vector: Array.from(vector) } });
  expect((await verify()).differences).toEqual([{ kind: "changed", ids: 1, examples: ["f3-9"] }]);
});

test("the command prints both sides and ends with 1 where they differ", async () => {
  const run = () => {
    const env = { ...process.env, ...lakehouse.environment };
    const script = join(import.meta.dirname, "../../scripts/verify.ts");
    return promisify(execFile)(process.execPath, [script, "docs", "source/docs"], { env, timeout: 40_000 });
  };
  expect((await run()).stdout).toMatch(
    /^source\/docs +1,800 rows {2}(\w{32}) .*\ndocs g1 +1,800 rows {2}\1\nequal\n$/,
  );
  await table.delete("doc_id = 'f5-1'");
  await expect(run()).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringContaining("1 ids missing: f5-1"),
  });
});
