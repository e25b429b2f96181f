import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type Table } from "@lancedb/lancedb";
import { tableFromIPC } from "apache-arrow";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { columnsStart, dataTrailerBytes, pagesOf } from "../../lib/adapters/lance/files/lance-format.ts";
import { dataFilesOf } from "../../lib/adapters/lance/files/manifest.ts";
import { manifestName } from "../../lib/adapters/lance/files/manifest-name.ts";
import { appendIpc } from "../../lib/adapters/lance/writing/append-ipc.ts";
import type { Container } from "../../lib/container.ts";
import { unobserved } from "../../lib/domain/fallbacks.ts";
import { type MigrateInput, migrateInput } from "../../lib/domain/jobs/job.ts";
import { type Plan, plannedFiles } from "../../lib/domain/jobs/plan.ts";
import { loadUnits } from "../../lib/domain/load/load-units.ts";
import { sealLoad } from "../../lib/domain/load/seal-load.ts";
import { planMigration } from "../../lib/domain/plan/plan-migration.ts";
import type { TaskContext } from "../../lib/domain/task-context.ts";
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
const compact = () => sealLoad(container, id, plan, input);

beforeEach(() => planned(files, rowsInFile));

/** A lakehouse with a planned migration of so many files, each a unit. */
async function planned(files: number, rowsInFile: number, dimension = 8): Promise<void> {
  await lakehouse?.remove();
  lakehouse = await createLakehouse();
  container = lakehouse.open();
  for (let file = 0; file < files; file++)
    await writeParquetFile(
      join(lakehouse.source, `docs/${file}.parquet`),
      sampleRows(rowsInFile, dimension, `f${file}-`),
      { rowGroupRows: rowsInFile },
    );
  input = migrateInput.parse({ type: "migrate", index: "docs", source: "source/docs" });
  await container.ledger.register(id, input);
  plan = await planMigration(container, id, input, context);
  expect(plan.units).toHaveLength(files);
}

afterEach(() => lakehouse.remove());

/** The decoded units, as a worker that is thought dead still holds them. */
async function heldBy(units: number[]): Promise<Uint8Array[]> {
  const held: Uint8Array[] = [];
  const asked = plan.units.filter((unit) => units.includes(unit.id));
  const decoded = container.parquet.decode(
    plan.sourceBucket,
    plannedFiles(plan),
    asked,
    plan.target,
    context.signal,
  );
  for await (const { ipc } of decoded) held.push(Uint8Array.from(ipc)); // its memory is used again
  return held;
}

/** The generation as some other LanceDB client has it open. */
async function opened<T>(work: (table: Table) => Promise<T>): Promise<T> {
  const connection = await connect(join(lakehouse.root, "data/lance/docs"));
  const table = await connection.openTable(plan.ref.generation);
  try {
    return await work(table);
  } finally {
    table.close();
    connection.close();
  }
}

const lose = (unit: number) =>
  opened((table) => table.delete(`_origin >= ${2 ** 32 * unit} AND _origin < ${2 ** 32 * (unit + 1)}`));

test("an append that was committed while its acknowledgement was lost is counted once", async () => {
  await loadWith(["appended", "lost"]);
  expect(await load()).toEqual({ done: true });
  expect(await compact()).toEqual({ sealed: true, rows: files * rowsInFile });
});

/** The container with another way to append. */
function appending(append: typeof container.loads.append): typeof container {
  const loads = Object.create(container.loads, { append: { value: append } });
  // private members are reached through the original
  for (const name of ["rowsOfUnit", "create"] as const)
    loads[name] = container.loads[name].bind(container.loads);
  return { ...container, loads };
}

const unitsIn = (ipc: Uint8Array) => Number(tableFromIPC(ipc).getChild("_origin")?.get(0) >> 32n);

/** What becomes of an append: it fails before or after its commit, or ends after those that began later. */
type Fate = "appended" | "refused" | "lost" | "late";

/** Loads with appends of which each has the next fate; those after the last are appended. @returns units that were sent */
async function loadWith(fates: Fate[]): Promise<number[]> {
  const sent: number[] = [];
  const deps = appending(async (ref, ipc) => {
    const unit = unitsIn(ipc);
    const fate = fates.shift() ?? "appended";
    sent.push(unit);
    if (fate === "refused") throw new Error("the append was refused");
    if (fate === "late") await sleep(100);
    await container.loads.append(ref, ipc);
    if (fate === "lost") throw new Error("the answer was lost");
  });
  await load(deps).catch((error) => expect(String(error)).toMatch(/was (refused|lost)/));
  return sent;
}

test("of two appends under way one fails, and the other is not sent again", async () => {
  expect(await loadWith(["refused", "late"])).toEqual([0, 1]);
  expect(await loadWith([])).toEqual([0, 2, 3]);
  expect(await compact()).toEqual({ sealed: true, rows: files * rowsInFile });
});

test("a unit that is missing before one that is there is loaded before any other begins", async () => {
  expect(await loadWith(["refused", "late"])).toEqual([0, 1]);
  expect(await loadWith(["refused"])).toEqual([0]);
  expect(await loadWith(["lost"])).toEqual([0]);
  expect(await loadWith([])).toEqual([2, 3]);
  expect(await compact()).toEqual({ sealed: true, rows: files * rowsInFile });
});

test("origins are one page of a data file, where vectors are several: a count reads them at once", async () => {
  await planned(1, 2_000, 2_500);
  await load();
  const folder = join(lakehouse.root, "data/lance/docs/g1.lance");
  const manifest = await readFile(
    join(folder, "_versions", manifestName(await container.generations.version(plan.ref))),
  );
  const [file] = dataFilesOf(manifest);
  const bytes = await readFile(join(folder, "data", file?.path ?? ""));
  const tail = bytes.subarray(columnsStart(bytes.subarray(-dataTrailerBytes)));
  const buffersOf = (name: string) => pagesOf(tail, file?.columnOf(name) ?? -1).length;
  const buffersOfPage = 2;
  expect(buffersOf("_origin")).toBe(buffersOfPage);
  expect(buffersOf("doc_id")).toBe(2 * buffersOfPage);
});

test("whatever becomes of appends, no unit is sent again once it is there", async () => {
  const fate = fc.constantFrom<Fate>("appended", "appended", "refused", "lost", "late");
  const attempts = fc.array(fc.array(fate, { maxLength: files }), { maxLength: 5 });
  const tried = fc.asyncProperty(attempts, async (attempts) => {
    await planned(files, 10);
    for (const fates of attempts) await loadWith([...fates]);
    expect(await load()).toEqual({ done: true });
    expect(await container.generations.rowsOf(plan.ref)).toBe(files * 10);
    expect(await compact()).toEqual({ sealed: true, rows: files * 10 });
  });
  await fc.assert(tried, { numRuns: 15 });
}, 120_000);

test("a worker that was thought dead and comes back does not double its rows", async () => {
  const [late] = await heldBy([1]);
  await load();
  await container.loads.append(plan.ref, late as Uint8Array);
  expect(await compact()).toEqual({ sealed: false, rows: 0 });
  await load();
  expect(await compact()).toEqual({ sealed: true, rows: files * rowsInFile });
});

test("a load that is over takes no rows of a late worker", async () => {
  const [late] = await heldBy([2]);
  await load();
  await compact();
  const append = container.loads.append(plan.ref, late as Uint8Array);
  await expect(append).rejects.toMatchObject({ kind: "StoreUnavailable" });
  expect(await compact()).toEqual({ sealed: true, rows: files * rowsInFile });
  const { all } = await container.generations.columns(
    plan.ref,
    await container.generations.version(plan.ref),
  );
  expect(all.map(({ name }) => name)).toEqual(["doc_id", "chunk_text", "vector"]);
});

test("an append that was under way when the load was sealed is refused at its commit", async () => {
  const [late] = await heldBy([2]);
  await load();
  await opened(async (table) => {
    await container.loads.seal(plan.ref);
    await expect(appendIpc(table, late as Uint8Array, unobserved)).rejects.toThrow("commit conflict");
    expect(await compact()).toEqual({ sealed: true, rows: files * rowsInFile });
    await expect(appendIpc(table, late as Uint8Array, unobserved)).rejects.toThrow("commit conflict");
  });
  expect(await container.generations.rowsOf(plan.ref)).toBe(files * rowsInFile);
});

test("neither does one arrive that was under way while versions and small fragments were removed", async () => {
  await planned(20, 10);
  const [late] = await heldBy([2]);
  await load();
  await opened(async (table) => {
    expect(await compact()).toEqual({ sealed: true, rows: 200 });
    expect((await table.listVersions()).length).toBeLessThan(20);
    expect(await readdir(join(lakehouse.root, "data/lance/docs/g1.lance/data"))).toHaveLength(1);
    await expect(appendIpc(table, late as Uint8Array, unobserved)).rejects.toThrow("commit conflict");
  });
  expect(await container.generations.rowsOf(plan.ref)).toBe(200);
  expect(await opened(async (table) => (await table.schema()).fields.every(({ nullable }) => nullable))).toBe(
    true,
  );
});

test("an append that was refused because the load is sealed is let in when units have to be loaded again", async () => {
  const [late] = await heldBy([3]);
  await load();
  await lose(3);
  await opened(async (table) => {
    expect(await compact()).toEqual({ sealed: false, rows: 0 });
    await expect(appendIpc(table, late as Uint8Array, unobserved)).rejects.toThrow("commit conflict");
  });
  await container.loads.append(plan.ref, late as Uint8Array);
  expect(await load()).toEqual({ done: true });
  expect(await compact()).toEqual({ sealed: true, rows: files * rowsInFile });
});

test("two seals of one load are one, and what is counted is what it sealed", async () => {
  await load();
  const seal = await container.loads.seal(plan.ref);
  const rowsSealed = async () => (await container.loads.tally(plan.ref, seal, "doc_id")).rowsByUnit.get(1);
  await container.loads.deleteUnit(plan.ref, seal, 1);
  expect(await lakehouse.open().loads.seal(plan.ref)).toEqual(seal);
  expect(await rowsSealed()).toBe(rowsInFile);
});

test("a worker that finds its load sealed leaves it to the count to ask for what is missing", async () => {
  const hurried = { ...context, remainingMs: () => 0 };
  await load(container, hurried);
  await container.loads.seal(plan.ref);
  expect(await load()).toEqual({ done: true });
  expect(await compact()).toEqual({ sealed: false, rows: 0 });
  expect(await load()).toEqual({ done: true });
  expect(await compact()).toEqual({ sealed: true, rows: files * rowsInFile });
});

test("a load that is begun again after it was finished, units of which were asked for twice, finds nothing to do", async () => {
  await load();
  await lose(3);
  await compact();
  await load();
  await compact();
  expect(await load()).toEqual({ done: true });
  expect(await compact()).toEqual({ sealed: true, rows: files * rowsInFile });
});

test("a compaction that ended before its last step is taken up", async () => {
  await load();
  await compact();
  await opened((table) => table.alterColumns([{ path: "doc_id", nullable: false }]));
  expect(await compact()).toEqual({ sealed: true, rows: files * rowsInFile });
  expect(await opened(async (table) => (await table.schema()).fields.every(({ nullable }) => nullable))).toBe(
    true,
  );
});

test("more rows than the source has are not served, however they came there", async () => {
  await load();
  await compact();
  await opened((table) => table.add(sampleRows(1, 8, "late-") as Record<string, unknown>[]));
  await expect(compact()).rejects.toMatchObject({ kind: "RowsMiscounted" });
});

test("a unit that went missing is loaded again", async () => {
  await load();
  await lose(3);
  expect(await compact()).toEqual({ sealed: false, rows: 0 });
  await load();
  expect(await compact()).toEqual({ sealed: true, rows: files * rowsInFile });
});

test("a count that never comes right fails the job, naming the unit", async () => {
  await load();
  for (let round = 1; round <= 5; round++) {
    await lose(0);
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
