import { join } from "node:path";
import { DateDay, Int64 } from "apache-arrow";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { type ParquetOptions, type Row, sampleRows, writeParquetFile } from "../support/parquet-files.ts";
import { storedRows } from "../support/stored-rows.ts";

let lakehouse: Lakehouse;
let container: Container;

beforeAll(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
});
afterAll(() => lakehouse.remove());

/** Writes files of ten rows each, by their place; ids begin with the number of the file. */
async function putFiles(
  folder: string,
  files: Record<string, object | undefined>,
  options: ParquetOptions = {},
) {
  for (const [i, [path, more]] of Object.entries(files).entries()) {
    const rows = sampleRows(10, 8, `${i}-`).map((row): Row => ({ ...row, ...more }));
    await writeParquetFile(join(lakehouse.source, folder, path), rows, options);
  }
}

const migrate = (index: string, more: object = {}) =>
  runJob(container, { type: "migrate", index, source: `source/${index}`, ...more });

async function columnsOf(index: string) {
  const { published } = (await container.registry.get(index)).value;
  return Object.fromEntries((published?.columns ?? []).map(({ name, type }) => [name, type]));
}

/** Values of columns, by the file that the row is of. */
async function valuesByFile(index: string, ...columns: string[]) {
  const rows = await storedRows(lakehouse, index);
  const byFile: unknown[][] = [];
  for (const [id, row] of rows) byFile[Number(id.split("-")[0])] = columns.map((name) => row[name]);
  expect(rows.size).toBe(10 * byFile.length);
  return byFile;
}

test("directories become columns: integers, strings and nulls, which can be filtered by", async () => {
  await putFiles("hive", {
    "year=2024/lang=de/a.parquet": undefined,
    "year=2023/lang=__HIVE_DEFAULT_PARTITION__/a.parquet": undefined,
    "lang=p%2Ft%20BR/year=07/a.parquet": undefined,
  });
  const job = await migrate("hive");
  expect(job).toMatchObject({ state: "succeeded", notes: [] });
  expect(await columnsOf("hive")).toMatchObject({ year: "Int32", lang: "Utf8" });
  expect(await valuesByFile("hive", "year", "lang")).toEqual([
    [2024, "de"],
    [2023, null],
    [7, "p/t BR"],
  ]);
  const { published } = (await container.registry.get("hive")).value;
  expect(published?.asked?.filterColumns).toEqual(expect.arrayContaining(["year", "lang"]));
});

test("they are left out when the job is told to, which it says, and of a single file", async () => {
  await putFiles("ignored", { "year=2024/a.parquet": undefined });
  const { state, notes } = await migrate("ignored", { partitionColumns: "ignore" });
  expect({ state, notes }).toEqual({
    state: "succeeded",
    notes: ['left out, as partitionColumns is "ignore", what directories tell: year'],
  });
  expect(Object.keys(await columnsOf("ignored"))).toEqual(["doc_id", "chunk_text", "vector"]);
  const alone = await migrate("ignored", { source: "source/ignored/year=2024/a.parquet" });
  expect(alone).toMatchObject({ state: "succeeded", notes: [] });
  expect(Object.keys(await columnsOf("ignored"))).toEqual(["doc_id", "chunk_text", "vector"]);
});

test("a column that files have, too, is theirs where it says the same, else the job fails by file and row", async () => {
  const types = { types: { year: new Int64(), day: new DateDay() } };
  const day = new Date("2024-02-29");
  await putFiles("both", { "year=2024/day=2024-02-29/a.parquet": { year: 2024n, day } }, types);
  expect(await migrate("both")).toMatchObject({ state: "succeeded" });
  expect(await columnsOf("both")).toMatchObject({ year: "Int64", day: "Date32<DAY>" });
  await putFiles("differ", { "year=2024/a.parquet": { year: 2025n } }, types);
  const { state, error } = await migrate("differ");
  expect({ state, code: error?.code, message: error?.message }).toEqual({
    state: "failed",
    code: "source-invalid",
    message:
      'differ/year=2024/a.parquet, row group 0, row 0: column year is 2025, its directory says 2024; set partitionColumns to "ignore" to leave directories out',
  });
});

test("files whose directories tell different columns are refused", async () => {
  await putFiles("mixed", { "year=2024/a.parquet": undefined, "b.parquet": undefined });
  const { error } = await migrate("mixed");
  expect(error).toMatchObject({ code: "source-invalid", phase: "plan" });
  expect(error?.message).toContain(
    "year=2024/a.parquet: its directories tell year, those of mixed/b.parquet none",
  );
});
