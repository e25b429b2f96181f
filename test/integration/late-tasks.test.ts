import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import type { Builds } from "../../lib/domain/build/builds.ts";
import type { Generations, WritePermit } from "../../lib/domain/index/generations.ts";
import { writePermit } from "../../lib/domain/index/write-permit.ts";
import { cancelJob } from "../../lib/domain/jobs/cancel-job.ts";
import { discardGeneration } from "../../lib/domain/jobs/discard-generation.ts";
import { getJob } from "../../lib/domain/jobs/get-job.ts";
import { type MigrateInput, migrateInput } from "../../lib/domain/jobs/job.ts";
import { plan, plannedFiles } from "../../lib/domain/jobs/plan.ts";
import type { Loads } from "../../lib/domain/load/loads.ts";
import { sealLoad } from "../../lib/domain/load/seal-load.ts";
import type { TaskContext } from "../../lib/domain/task-context.ts";
import { runTask, type TaskName } from "../../lib/task/run-task.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { sampleRows, writeParquetFile } from "../support/parquet-files.ts";
import { storedRows, storedTables } from "../support/stored-rows.ts";

const rows = 600;
const id = "job";

let lakehouse: Lakehouse;
let container: Container;
let input: MigrateInput;

const context: TaskContext = {
  signal: new AbortController().signal,
  remainingMs: () => Number.POSITIVE_INFINITY,
};

beforeEach(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
  await writeParquetFile(join(lakehouse.source, "docs/a.parquet"), sampleRows(rows / 2, 8, "a"));
  await writeParquetFile(join(lakehouse.source, "docs/b.parquet"), sampleRows(rows / 2, 8, "b"));
  input = migrateInput.parse({
    type: "migrate",
    index: "docs",
    source: "source/docs",
    indexType: "IVF_FLAT",
    onDuplicate: "keep-last",
  });
});

afterEach(() => lakehouse.remove());

/** A task as a workflow service calls it, in a process that no one else knows of. */
const run = (task: TaskName, payload: object = {}, deps = container) =>
  runTask(task, { jobId: id, input, ...payload }, context, deps, () => undefined);

/** Where something waits until it is told to go on. */
class Pause {
  readonly reached: Promise<void>;
  end: () => void = () => undefined;
  readonly #ended = new Promise<void>((resolve) => {
    this.end = resolve;
  });
  #reach: () => void = () => undefined;

  constructor() {
    this.reached = new Promise((resolve) => {
      this.#reach = resolve;
    });
  }

  async here(): Promise<void> {
    this.#reach();
    await this.#ended;
  }
}

/** One method of what reaches its tables waits, as in a container that is frozen. */
function frozenAt(name: keyof Generations | keyof Loads | keyof Builds) {
  const pause = new Pause();
  const { generations, loads, builds } = container;
  const deps = {
    ...container,
    generations: pausedAt(generations, name as keyof Generations, pause),
    loads: pausedAt(loads, name as keyof Loads, pause),
    builds: pausedAt(builds, name as keyof Builds, pause),
  };
  return { deps, frozen: pause.reached, thaw: pause.end };
}

/** A port whose method waits before it does anything, or before it answers. */
function pausedAt<T extends object>(
  port: T,
  name: keyof T,
  pause: Pause,
  when: "before" | "after" = "before",
): T {
  return new Proxy(port, {
    get: (target, member) => {
      const own = Reflect.get(target, member, target);
      if (typeof own !== "function") return own;
      if (member !== name) return own.bind(target);
      return async (...given: unknown[]) => {
        if (when === "before") await pause.here();
        const result = await own.apply(target, given);
        if (when === "after") await pause.here();
        return result;
      };
    },
  });
}

const planned = async () => {
  const made = await container.ledger.read(id, "plan", plan);
  if (!made) throw new Error("no plan");
  return made;
};

async function publish(counted: unknown) {
  const { rows } = counted as { rows: number };
  const index = await run("build");
  const verified = await run("verify", { rows, index });
  await run("publish", { index, verified });
}

async function expectAllServed(count: number): Promise<void> {
  expect((await storedRows(lakehouse, "docs")).size).toBe(count);
  const { unindexed } = await container.indexes.use(
    "docs",
    { consistency: "strong" },
    async ({ reader }) => ({
      unindexed: (await reader.stats()).indexes.map(({ unindexedRows }) => unindexedRows),
    }),
  );
  expect(unindexed).toEqual([0, 0, 0]);
}

const stepsOfCompaction = ["hasOrigins", "seal", "tally", "deleteOrigins", "dropOrigins", "compact"] as const;

test.each(stepsOfCompaction)(
  "a compaction that was thought dead at %s does no harm when it comes back after the publication",
  async (step) => {
    await writeParquetFile(join(lakehouse.source, "docs/c.parquet"), sampleRows(20, 8, "a"));
    await run("plan");
    await run("load", { worker: 0 });
    const late = frozenAt(step);
    const lateCompaction = sealLoad(late.deps, id, await planned(), input);
    await late.frozen;
    await publish(await run("compact"));
    late.thaw();
    await lateCompaction.catch(() => undefined);
    await expectAllServed(rows);
  },
);

test.each(["deleteUnit", "unseal"] as const)(
  "a compaction that was thought dead at %s, before units were loaded again, does no harm either",
  async (step) => {
    await run("plan");
    await run("load", { worker: 0 });
    const made = await planned();
    const twice = container.parquet.decode(
      made.sourceBucket,
      plannedFiles(made),
      made.units,
      made.target,
      context.signal,
    );
    for await (const { ipc } of twice) await container.loads.append(made.ref, ipc);
    const late = frozenAt(step);
    const lateCompaction = sealLoad(late.deps, id, made, input);
    await late.frozen;
    expect(await run("compact")).toMatchObject({ sealed: false });
    expect(await run("load", { worker: 0 })).toEqual({ done: true });
    const counted = await run("compact");
    late.thaw();
    await expect(lateCompaction).rejects.toMatchObject({ kind: "StoreUnavailable" });
    await publish(counted);
    await expectAllServed(rows);
  },
);

const writes = ["compact", "optimize", "buildScalarIndex", "buildVectorIndex", "dropVectorIndex"] as const;

/** One of the writes of a task that is not fenced by the seal of the load. */
async function write(
  step: (typeof writes)[number],
  { loads, builds }: Pick<Container, "loads" | "builds">,
  permit: WritePermit,
) {
  const { ref, target } = await planned();
  const { idColumn, vectorColumn } = target;
  if (step === "compact") return loads.compact(ref, idColumn, permit);
  if (step === "optimize") return builds.optimize(ref, permit);
  if (step === "buildScalarIndex") return builds.buildScalarIndex(ref, idColumn, permit);
  if (step === "dropVectorIndex") return builds.dropVectorIndex(ref, vectorColumn, permit);
  return builds.buildVectorIndex(ref, vectorColumn, "IVF_FLAT", "l2", { numPartitions: 2 }, permit);
}

async function loaded(): Promise<unknown> {
  await run("plan");
  await run("load", { worker: 0 });
  return run("compact");
}

async function expectServedAsVerified(): Promise<void> {
  const { published } = (await container.registry.get("docs")).value;
  expect(published?.recall.version).toBe(await container.generations.version((await planned()).ref));
  await expectAllServed(rows);
}

test.each(writes)("a task that was thought dead at %s writes nothing after the publication", async (step) => {
  const counted = await loaded();
  const late = frozenAt(step);
  const permit = writePermit(container.registry, id, (await planned()).ref);
  const writing = write(step, late.deps, permit);
  const refused = expect(writing).rejects.toMatchObject({ kind: "Conflict" });
  await late.frozen;
  await publish(counted);
  late.thaw();
  await refused;
  await expectServedAsVerified();
});

test.each(writes)("a task that may %s just before the publication is refused at its commit", async (step) => {
  const counted = await loaded();
  const permitted = writePermit(container.registry, id, (await planned()).ref);
  await write("buildVectorIndex", container, permitted); // for dropVectorIndex
  const pause = new Pause();
  const writing = write(step, container, async () => {
    await permitted();
    await pause.here();
  });
  await pause.reached;
  await publish(counted);
  pause.end();
  await writing.catch(() => undefined); // some find that what they were to do is done
  await expectServedAsVerified();
});

test("of two publications at the same time one is, at the version that was verified", async () => {
  const { rows: counted } = (await loaded()) as { rows: number };
  const index = await run("build");
  const verified = await run("verify", { rows: counted, index });
  const late = frozenAt("fence");
  const publishing = run("publish", { index, verified }, late.deps);
  const refused = expect(publishing).rejects.toMatchObject({ kind: "Conflict" });
  await late.frozen;
  await run("publish", { index, verified });
  late.thaw();
  await refused;
  await expectServedAsVerified();
  expect(await container.ledger.failure(id)).toBeUndefined();
});

test("what is published is what was verified, whatever a late task has written in between", async () => {
  const { rows: counted } = (await loaded()) as { rows: number };
  const index = await run("build");
  const verified = await run("verify", { rows: counted, index });
  await write("dropVectorIndex", container, async () => undefined);
  await run("publish", { index, verified });
  await expectServedAsVerified();
});

test("a discard that comes as the job publishes removes nothing", async () => {
  const { rows: counted } = (await loaded()) as { rows: number };
  const index = await run("build");
  const verified = await run("verify", { rows: counted, index });
  const pause = new Pause();
  const registry = pausedAt(container.registry, "read", pause, "after");
  const discarding = discardGeneration({ ...container, registry }, id, "docs");
  await pause.reached;
  await run("publish", { index, verified });
  pause.end();
  await discarding;
  await expectServedAsVerified();
});

test("a job whose publication was not answered has succeeded, and the execution says so", async () => {
  const { rows: counted } = (await loaded()) as { rows: number };
  const index = await run("build");
  const verified = await run("verify", { rows: counted, index });
  await run("publish", { index, verified });
  const error = { Error: "StoreUnavailable", Cause: "the object store failed" };
  await container.ledger.recordFailure(id, { code: "store-unavailable", message: error.Cause });
  expect(await run("discard", { error })).toMatchObject({ isPublished: true, replaced: false });
  expect(await container.ledger.failure(id)).toBeUndefined();
  expect(await getJob(container.ledger, container.workflow, id)).toMatchObject({
    state: "succeeded",
    error: null,
  });
  await expectServedAsVerified();
});

test("the reason of a failed job is that of the task that ended it, not of one that was repeated", async () => {
  await run("plan");
  await container.ledger.recordFailure(id, { code: "store-unavailable", message: "repeated since" });
  await run("discard", { error: { Error: "Sandbox.Timedout", Cause: "15 minutes" } });
  expect(await container.ledger.failure(id)).toMatchObject({ code: "task-timed-out" });
});

test("of two plans made at the same time the first stands, and nothing else is claimed", async () => {
  const late = frozenAt("create");
  const planning = run("plan", {}, late.deps);
  await late.frozen;
  const counted = (await loaded()) as { rows: number };
  await publish(counted);
  late.thaw();
  await planning.catch(() => undefined); // the table is not as loads begin any more
  expect(await container.ledger.failure(id)).toBeUndefined();
  expect(await planned()).toMatchObject({ generation: "g1" });
  expect((await container.registry.get("docs")).value).toMatchObject({ claim: null, lastGeneration: 1 });
  await expectServedAsVerified();
});

test("a plan that comes back after its job has published gives back what it claims then", async () => {
  await runJob(container, { ...input });
  const pause = new Pause();
  const parquet = pausedAt(container.parquet, "footers", pause);
  const planning = run("plan", {}, { ...container, parquet });
  await pause.reached;
  await publish(await loaded());
  pause.end();
  await planning;
  expect((await container.registry.get("docs")).value).toMatchObject({ claim: null, lastGeneration: 3 });
  expect(await storedTables(lakehouse, "docs")).not.toContain("g3.lance");
  expect(await planned()).toMatchObject({ generation: "g2" });
});

test("a load that goes on after its job was cancelled removes what it still wrote", async () => {
  await run("plan");
  const late = frozenAt("append");
  const lateLoad = run("load", { worker: 0 }, late.deps);
  await late.frozen;
  await cancelJob(container, id);
  expect(await storedTables(lakehouse, "docs")).toEqual([]);
  late.thaw();
  await expect(lateLoad).rejects.toThrow();
  expect(await storedTables(lakehouse, "docs")).toEqual([]);
});

test("a task under way is told when its job is cancelled elsewhere", async () => {
  await run("plan");
  const stalled = {
    ...container,
    parquet: {
      ...container.parquet,
      decode: (...[, , , , signal]: Parameters<typeof container.parquet.decode>) => ({
        async *[Symbol.asyncIterator]() {
          await new Promise((_, reject) =>
            signal.addEventListener("abort", () => reject(signal.reason as Error)),
          );
          yield* [];
        },
      }),
    },
  };
  const load = run("load", { worker: 0 }, stalled);
  const refused = expect(load).rejects.toMatchObject({ kind: "JobCancelled" });
  await lakehouse.open().ledger.end(id, "cancelled");
  await refused;
});

test("a job that is cancelled before it has a claim gives the claim back that it then makes", async () => {
  const late = frozenAt("create");
  const plan = run("plan", {}, late.deps);
  await late.frozen;
  await container.ledger.end(id, "cancelled");
  late.thaw();
  await expect(plan).rejects.toMatchObject({ kind: "JobCancelled" });
  expect((await container.registry.read("docs"))?.value.claim).toBeNull();
  expect(await storedTables(lakehouse, "docs")).toEqual([]);
});

test("a job that was discarded cannot publish any more, however late its publication comes", async () => {
  await run("plan");
  await run("load", { worker: 0 });
  const { rows: counted } = (await run("compact")) as { rows: number };
  const index = await run("build");
  const verified = await run("verify", { rows: counted, index });
  await container.ledger.end(id, "succeeded");
  const late = frozenAt("drop");
  const discarding = discardGeneration(late.deps, id, "docs");
  await late.frozen;
  await expect(run("publish", { index, verified })).rejects.toMatchObject({ kind: "Conflict" });
  late.thaw();
  await discarding;
  expect(await container.registry.read("docs")).toMatchObject({ value: { claim: null, published: null } });
});

test("a failed execution of another machine with the same name leaves the job alone", async () => {
  await run("plan");
  const other = {
    type: "build-index",
    index: "docs",
    indexType: "IVF_PQ",
    indexParameters: {},
    targetRecall: 0.9,
  };
  await expect(run("plan", { input: other })).rejects.toMatchObject({ kind: "IdempotencyMismatch" });
  const said = await run("discard", {
    input: other,
    error: { Error: "IdempotencyMismatch", Cause: "another input" },
  });
  expect(said).toMatchObject({ isPublished: false, error: "idempotency-mismatch", cause: "another input" });
  expect(await container.ledger.ended(id)).toBeUndefined();
  expect(await container.ledger.failure(id)).toBeUndefined();
  expect((await container.registry.get("docs")).value.claim).toMatchObject({ job: id });
});

test("a worker hands over before a unit that would not end in time", async () => {
  await run("plan");
  let asked = 0;
  const hurried: TaskContext = { ...context, remainingMs: () => (asked++ === 0 ? 4_999 : 60_000) };
  const call = () => runTask("load", { jobId: id, input, worker: 0 }, hurried, container, () => undefined);
  expect([await call(), await call()]).toEqual([{ done: false }, { done: true }]);
  expect(await container.generations.rowsOf((await planned()).ref)).toBe(rows);
});

test("a job that nobody runs any more is said to have been interrupted", async () => {
  await container.ledger.register("new", input);
  expect((await getJob(container.ledger, container.workflow, "new")).state).toBe("running");
  await container.ledger.write("old", "job", {
    id: "old",
    input,
    createdAt: new Date(Date.now() - 61_000).toISOString(),
  });
  expect(await getJob(container.ledger, container.workflow, "old")).toMatchObject({
    state: "failed",
    error: { code: "job-interrupted" },
  });
});

/** As any LanceDB client can. */
async function writeTo(generation: string, prefix: string): Promise<void> {
  const { connect } = await import("@lancedb/lancedb");
  const connection = await connect(join(lakehouse.root, "data/lance/docs"));
  const table = await connection.openTable(generation);
  await table.add(sampleRows(5, 8, prefix) as Record<string, unknown>[]);
  table.close();
  connection.close();
}

const job = () => ({ ...input });

test("rows written to the published generation while a migration runs are not lost: it ends with conflict", async () => {
  await runJob(container, job());
  const late = frozenAt("seal");
  await run("plan");
  await run("load", { worker: 0 });
  const compaction = run("compact", {}, late.deps);
  await late.frozen;
  await writeTo("g1", "written-");
  late.thaw();
  const { rows: counted } = (await compaction) as { rows: number };
  const index = await run("build");
  const verified = await run("verify", { rows: counted, index });
  await expect(run("publish", { index, verified })).rejects.toMatchObject({
    kind: "Conflict",
    message: expect.stringContaining("those rows would be lost"),
  });
  await run("discard");
  expect((await container.registry.get("docs")).value.published?.generation).toBe("g1");
  expect((await storedRows(lakehouse, "docs")).size).toBe(rows + 5);
  expect((await runJob(container, job())).state).toBe("succeeded");
});

test("a replaced generation that is written to after all is kept, and the index says so", async () => {
  container = lakehouse.open({ RETIRE_AFTER_MS: "2000" });
  await runJob(container, job());
  await runJob(container, job());
  await writeTo("g1", "late-");
  const retiring = async () => (await container.registry.get("docs")).value.retiring;
  await expect.poll(retiring, { timeout: 15_000 }).toMatchObject([{ generation: "g1", writtenTo: true }]);
  expect(await storedTables(lakehouse, "docs")).toContain("g1.lance");
  await runJob(container, job());
  await expect.poll(async () => (await retiring()).length, { timeout: 15_000 }).toBe(1);
  expect(await storedTables(lakehouse, "docs")).toEqual(expect.arrayContaining(["g1.lance", "g3.lance"]));
});
