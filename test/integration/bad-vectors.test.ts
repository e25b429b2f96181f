import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import type { Container } from "../../lib/container.ts";
import { DomainError } from "../../lib/domain/errors.ts";
import { getJob } from "../../lib/domain/jobs/get-job.ts";
import { migrateInput } from "../../lib/domain/jobs/job.ts";
import { loadUnits } from "../../lib/domain/load/load-units.ts";
import { sealLoad } from "../../lib/domain/load/seal-load.ts";
import { planMigration } from "../../lib/domain/plan/plan-migration.ts";
import { verifyIndex } from "../../scripts/verify/verify-index.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { type Layout, type Row, sampleRows, writeParquetFile } from "../support/parquet-files.ts";
import { storedRows } from "../support/stored-rows.ts";

let lakehouse: Lakehouse;
let container: Container;
let sources = 0;

beforeAll(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
});
afterAll(() => lakehouse.remove());

const dimension = 8;
const vector = (value: number) => Array<number>(dimension).fill(value);

/** Bad vectors that any layout can hold, with why they are. */
const bad: Record<number, [number[], string]> = {
  1: [[1, Number.NaN, 1, 1, 1, 1, 1, 1], "value 1 of the vector is NaN, not a finite float32"],
  4: [vector(Number.POSITIVE_INFINITY), "value 0 of the vector is Infinity, not a finite float32"],
  5: [vector(0), "the vector is all zeros, which has no direction to compare by cosine"],
  23: [
    vector(1e30),
    "the vector's values are too large: distances in float32 are right for lengths of 1e-19 to 1e+18",
  ],
};
/** Those that lists can hold, too. */
const ragged: Record<number, [number[] | null, string]> = {
  0: [null, "the vector is null"],
  28: [vector(1).slice(1), "the vector has 7 values, not 8"],
};

async function putRows(rows: Row[], layout: Layout, file = "a"): Promise<string> {
  const folder = `s${sources}`;
  await writeParquetFile(join(lakehouse.source, folder, `${file}.parquet`), rows, {
    layout,
    rowGroupRows: 10,
    dimension,
  });
  return folder;
}

const rowsWith = (wrong: Record<number, [number[] | null, string]>) =>
  sampleRows(30, dimension).map((row, i): Row => {
    const more = i % 3 === 0 ? null : `more ${i}`;
    return { ...row, more, vector: wrong[i] ? wrong[i][0] : row.vector };
  });

const placeOf = (folder: string, row: number) =>
  `${folder}/a.parquet, row group ${Math.floor(row / 10)}, row ${row % 10}`;

function migrate(folder: string, more: object = {}) {
  return runJob(container, { type: "migrate", index: folder, source: `source/${folder}`, ...more });
}

const layouts: [Layout, Record<number, [number[] | null, string]>][] = [
  ["fixed_size_list", bad],
  ["fixed_size_binary", bad],
  ["list<double>", { ...bad, ...ragged }],
  ["list", { ...bad, ...ragged }],
];

test.each(layouts)(
  "rows of a %s with bad vectors are skipped, counted and named, the others served whole",
  async (layout, wrong) => {
    sources++;
    const rows = rowsWith(wrong);
    const folder = await putRows(rows, layout);
    const job = await migrate(folder, { onBadVector: "skip", targetRecall: 0.5 });
    const places = Object.keys(wrong).map(Number);
    expect(job).toMatchObject({
      state: "succeeded",
      error: null,
      rows: { done: 30 - places.length, total: 30 },
      skipped: {
        rows: places.length,
        first: places.map((row) => ({ place: placeOf(folder, row), reason: wrong[row]?.[1] })),
      },
    });
    const stored = await storedRows(lakehouse, folder);
    const good = rows.filter((_, i) => !wrong[i]);
    expect([...stored.keys()].sort()).toEqual(good.map(({ doc_id }) => doc_id).sort());
    for (const { doc_id, chunk_text, more, vector } of good)
      expect(stored.get(doc_id as string)).toEqual({
        doc_id,
        chunk_text,
        more,
        vector: Array.from(Float32Array.from(vector as number[])),
      });
    const { published } = (await container.registry.get(folder)).value;
    expect(published).toMatchObject({ rows: good.length, skippedRows: places.length });
    const verified = await verifyIndex(folder, undefined, lakehouse.environment);
    expect(verified).toMatchObject({ equal: true, differences: [] });
  },
);

test.each(layouts)("a job fails with all rows of a %s that have bad vectors", async (layout, wrong) => {
  sources++;
  const folder = await putRows(rowsWith(wrong), layout);
  const { state, error } = await migrate(folder);
  const issues = Object.entries(wrong).map(([row, [, message]]) => ({
    path: placeOf(folder, Number(row)),
    message,
  }));
  expect({ state, code: error?.code, issues: error?.issues }).toEqual({
    state: "failed",
    code: "source-invalid",
    issues,
  });
  for (const { path, message } of issues) expect(error?.message).toContain(`${path}: ${message}`);
});

test("of many bad rows the first are named, and how many there are", async () => {
  sources++;
  const folder = await putRows(
    sampleRows(100, dimension).map((row) => ({ ...row, vector: vector(0) })),
    "list",
  );
  const { error } = await migrate(folder);
  expect(error?.message).toContain(`${folder}/a.parquet, row group 0, row 0: the vector is all zeros`);
  expect(error?.message).toMatch(new RegExp(`and ${100 - limits.maxNamedRows} more$`));
});

test("a unit may be skipped whole; a source of which nothing is left fails, with what is wrong", async () => {
  sources++;
  const zeros = sampleRows(10, dimension, "z").map((row) => ({ ...row, vector: vector(0) }));
  await putRows(zeros, "list", "a");
  const folder = await putRows(sampleRows(10, dimension), "list", "b");
  expect(await migrate(folder, { onBadVector: "skip" })).toMatchObject({
    state: "succeeded",
    rows: { done: 10, total: 20 },
    skipped: { rows: 10 },
  });
  sources++;
  const nothing = await putRows(zeros, "list");
  const { state, error } = await migrate(nothing, { onBadVector: "skip" });
  expect({ state, code: error?.code }).toEqual({ state: "failed", code: "source-invalid" });
  expect(error?.message).toContain(`${placeOf(nothing, 0)}: the vector is all zeros`);
});

test("however often a unit with bad rows is sent and counted, it is there once", async () => {
  sources++;
  let folder = "";
  for (const file of ["a", "b", "c"])
    folder = await putRows(
      rowsWith(bad).map((row) => ({ ...row, doc_id: `${file}-${row.doc_id}` })),
      "list",
      file,
    );
  const good = 30 - Object.keys(bad).length;
  const input = migrateInput.parse({
    type: "migrate",
    index: folder,
    source: `source/${folder}`,
    onBadVector: "skip",
  });
  const context = { signal: new AbortController().signal, remainingMs: () => Number.POSITIVE_INFINITY };
  await container.ledger.register(folder, input);
  const plan = await planMigration(container, folder, input, context);
  const load = () => loadUnits(container, folder, plan, 0, context);
  const compact = () => sealLoad(container, folder, plan, input);
  const { loads } = container;
  const append = loads.append;
  loads.append = async (...call) => {
    await append.apply(loads, call);
    throw new DomainError("StoreUnavailable", "the acknowledgement was lost");
  };
  await expect(load()).rejects.toMatchObject({ kind: "StoreUnavailable" });
  loads.append = append;
  await load();
  await load();
  await loads.deleteUnit(plan.ref, { version: 0, column: "_origin" }, 1);
  expect(await compact()).toEqual({ sealed: false, rows: 0 });
  await load();
  expect(await compact()).toEqual({ sealed: true, rows: 3 * good });
  expect((await storedRows(lakehouse, folder)).size).toBe(3 * good);
  const { rows, skipped } = await getJob(container.ledger, container.workflow, folder);
  expect({ rows, skipped: skipped?.rows, named: skipped?.first.length }).toEqual({
    rows: { done: 3 * good, total: 90 },
    skipped: 90 - 3 * good,
    named: limits.maxNamedSkipped,
  });
});
