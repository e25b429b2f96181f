import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import type { Container } from "../../lib/container.ts";
import { plan } from "../../lib/domain/jobs/plan.ts";
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

/** Runs the migration of a source to an index of the same name. */
async function migrate(name: string, more: object = {}) {
  const input = { type: "migrate", index: name, source: `source/${name}`, indexType: "IVF_FLAT", ...more };
  const job = await runJob(container, input);
  return { job, planned: await container.ledger.read(job.id, "plan", plan) };
}

test("tiny row groups are joined into one unit, every row once", async () => {
  await write("tiny/a.parquet", sampleRows(2_050), { rowGroupRows: 100 });
  const { job, planned } = await migrate("tiny");
  expect(job.error).toBeNull();
  expect(planned?.units).toHaveLength(1);
  expect(planned?.units[0]?.rowGroups).toHaveLength(21);
  expect(job.rows).toEqual({ done: 2_050, total: 2_050 });
  expect((await storedRows(lakehouse, "tiny")).size).toBe(2_050);
});

test.each([0, 99, 100, 1_234, 2_049])(
  "row %i of joined row groups is named by its own row group",
  async (at) => {
    const rows = sampleRows(2_050).map((row, i) => (i === at ? { ...row, doc_id: "" } : row));
    await write(`named-${at}/a.parquet`, rows, { rowGroupRows: 100 });
    const { job } = await migrate(`named-${at}`);
    const place = `named-${at}/a.parquet, row group ${Math.floor(at / 100)}, row ${at % 100}`;
    expect(job.error?.message).toBe(`${place}: the document id is empty`);
  },
);

test("a unit is never of two files, and several workers load each once", async () => {
  for (let i = 0; i < 5; i++)
    await write(`files/${i}.parquet`, sampleRows(300, 8, `${i}-`), { rowGroupRows: 100 });
  const { job, planned } = await migrate("files", { workers: 4 });
  expect(job.error).toBeNull();
  expect(planned?.units.map(({ file, rows }) => [file, rows])).toEqual(
    [0, 1, 2, 3, 4].map((file) => [file, 300]),
  );
  expect((await storedRows(lakehouse, "files")).size).toBe(1_500);
});

test("long texts count: row groups are joined by what they decode to, not by the size of vectors", async () => {
  const text = (i: number) => String.fromCharCode(97 + (i % 26)).repeat(4_000) + i;
  const rows = sampleRows(12_000, 4).map((row, i) => ({ ...row, chunk_text: text(i) }));
  await write("texts/a.parquet", rows, { rowGroupRows: 1_000 });
  const { job, planned } = await migrate("texts");
  expect(job.error).toBeNull();
  expect(planned?.units.length).toBeGreaterThan(1);
  for (const { rows: count } of planned?.units ?? [])
    expect(count * 4_000).toBeLessThanOrEqual(limits.unitTargetBytes);
  expect((await storedRows(lakehouse, "texts")).get("d11999")?.["chunk_text"]).toBe(text(11_999));
});

test("a row group larger than a unit is cut into several, every row once and in order within its unit", async () => {
  const rows = sampleRows(11_000, 1_000);
  await write("large/a.parquet", rows, { rowGroupRows: 11_000 });
  const { job, planned } = await migrate("large");
  expect(job.error).toBeNull();
  expect(planned?.units.length).toBeGreaterThan(1);
  expect(planned?.units[1]?.firstRow).toBe(planned?.units[0]?.rows);
  const stored = await storedTable(lakehouse, "large");
  const sources = Array.from(stored.getChild("doc_id") ?? [], (id) => Number(id.slice(1)));
  expect(sources.toSorted((a, b) => a - b)).toEqual(rows.map((_, row) => row));
  const starts = sources.filter((row, at) => at === 0 || row !== (sources[at - 1] ?? 0) + 1);
  const firstRows = planned?.units.map(({ firstRow }) => firstRow) ?? [];
  expect(firstRows).toEqual(expect.arrayContaining(starts)); // units may be committed in any order
  for (const row of [0, 1_048, 1_049, 1_047, 4_191, 4_192, 10_999]) {
    const vector = stored.get(sources.indexOf(row))?.["vector"];
    expect(Array.from(vector)).toEqual(rows[row]?.vector?.map(Math.fround));
  }
});
