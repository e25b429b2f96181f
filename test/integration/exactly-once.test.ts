import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { compactGeneration } from "../../lib/domain/compact-generation.ts";
import { type MigrateInput, migrateInput } from "../../lib/domain/job.ts";
import { loadUnits } from "../../lib/domain/load-units.ts";
import { type Plan, stagingOf } from "../../lib/domain/plan.ts";
import { planMigration } from "../../lib/domain/plan-migration.ts";
import type { TaskContext } from "../../lib/domain/ports.ts";
import { createLakehouse, type Lakehouse } from "../support/lakehouse.ts";
import { sampleRows, writeParquetFile } from "../support/parquet-files.ts";

const files = 4;
const rowsInFile = 300;
const id = "job";

let lakehouse: Lakehouse;
let container: Container;
let input: MigrateInput;
let plan: Plan;

const context: TaskContext = {
  signal: new AbortController().signal,
  remainingMs: () => Number.POSITIVE_INFINITY,
};
const load = (deps = container, left = context) => loadUnits(deps, id, plan, 0, left);
const compact = () => compactGeneration(container, id, plan, input);

beforeEach(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
  for (let file = 0; file < files; file++)
    await writeParquetFile(
      join(lakehouse.source, `docs/${file}.parquet`),
      sampleRows(rowsInFile, 8, `f${file}-`),
    );
  input = migrateInput.parse({ type: "migrate", index: "docs", source: "source/docs" });
  await container.ledger.register(id, input);
  plan = await planMigration(container, id, input, context);
  expect(plan.units).toHaveLength(files);
});

afterEach(() => lakehouse.remove());

/** The decoded units, as a worker that is thought dead still holds them. */
async function heldBy(units: number[]): Promise<Uint8Array[]> {
  const held: Uint8Array[] = [];
  const asked = plan.units.filter((unit) => units.includes(unit.id));
  const decoded = container.parquet.decode(plan.sourceBucket, plan.files, asked, plan.target, context.signal);
  for await (const { ipc } of decoded) held.push(ipc);
  return held;
}

test("an append that was committed while its acknowledgement was lost is counted once", async () => {
  let appends = 0;
  const generations = Object.create(container.generations, {
    append: {
      value: async (...given: Parameters<typeof container.generations.append>) => {
        await container.generations.append(...given);
        if (++appends === 2) throw new Error("the answer was lost");
      },
    },
  });
  // private members are reached through the original
  for (const name of ["rowsOfUnit", "create"] as const)
    generations[name] = container.generations[name].bind(container.generations);
  await expect(load({ ...container, generations })).rejects.toThrow("the answer was lost");
  expect(await load()).toEqual({ done: true });
  expect(await compact()).toEqual({ sealed: true, rows: files * rowsInFile });
});

test("a worker that was thought dead and comes back does not double its rows", async () => {
  const [late] = await heldBy([1]);
  await load();
  await container.generations.append(stagingOf(plan.ref), late as Uint8Array);
  expect(await compact()).toEqual({ sealed: false, rows: 0 });
  await load();
  expect(await compact()).toEqual({ sealed: true, rows: files * rowsInFile });
});

test("what a late worker appends after the count cannot reach the generation", async () => {
  const [late] = await heldBy([2]);
  await load();
  await compact();
  await container.generations.append(stagingOf(plan.ref), late as Uint8Array);
  expect(await compact()).toEqual({ sealed: true, rows: files * rowsInFile });
  const columns = (await container.generations.columns(plan.ref)).map(({ name }) => name);
  expect(columns).toEqual(["doc_id", "chunk_text", "vector"]);
});

test("a unit that went missing is loaded again", async () => {
  await load();
  await container.generations.deleteUnit(stagingOf(plan.ref), 3);
  expect(await compact()).toEqual({ sealed: false, rows: 0 });
  await load();
  expect(await compact()).toEqual({ sealed: true, rows: files * rowsInFile });
});

test("a count that never comes right fails the job, naming the unit", async () => {
  await load();
  for (let round = 1; round <= 5; round++) {
    await container.generations.deleteUnit(stagingOf(plan.ref), 0);
    expect((await compact()).sealed).toBe(false);
  }
  await expect(compact()).rejects.toMatchObject({
    kind: "RowsMiscounted",
    message: expect.stringContaining("unit 0 has 0 rows, not 300"),
  });
});

test("a worker out of time hands over what is left, and the next takes it up", async () => {
  const hurried = { ...context, remainingMs: () => 0 };
  const answers: boolean[] = [];
  for (let turn = 0; turn < files; turn++) answers.push((await load(container, hurried)).done);
  expect(answers).toEqual([false, false, false, true]);
  expect(await compact()).toEqual({ sealed: true, rows: files * rowsInFile });
});

test("two workers that both think a share is theirs load it once", async () => {
  await Promise.allSettled([load(), load(lakehouse.open())]);
  while (!(await compact()).sealed) await load();
  expect(await container.generations.rowsOf(plan.ref)).toBe(files * rowsInFile);
});
