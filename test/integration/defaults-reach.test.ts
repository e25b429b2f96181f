import { afterEach, beforeEach, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { migrateInput } from "../../lib/domain/jobs/job.ts";
import type { TaskContext } from "../../lib/domain/task-context.ts";
import { runTask, type TaskName } from "../../lib/task/run-task.ts";
import { blindAtFirst } from "../support/blind-probes.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { migrated, nameOf, type RandomSet, writeSet } from "../support/random-sets.ts";

let lakehouse: Lakehouse;
let container: Container;

beforeEach(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
});

afterEach(() => lakehouse.remove());

const context: TaskContext = {
  signal: new AbortController().signal,
  remainingMs: () => Number.POSITIVE_INFINITY,
};

const place = () => ({ container, source: lakehouse.source });

const sets: RandomSet[] = [
  { kind: "normal", dimension: 16, rows: 1_000, metric: "cosine" },
  { kind: "uniform", dimension: 100, rows: 1_000, metric: "l2" },
  { kind: "normal", dimension: 256, rows: 1_000, metric: "dot" },
];

test.each(sets.map((set): [string, RandomSet] => [nameOf(set), set]))(
  "a job that names no type reaches its recall: %s",
  async (_, set) => {
    const { recall, asked } = await migrated(place(), set);
    expect(recall.measured).toBeGreaterThanOrEqual(0.95);
    expect(asked).toMatchObject({ indexType: "auto", indexParameters: {} });
  },
);

test("a recall of 1 is reached, by codes or where they do not suffice by comparing all", async () => {
  const set: RandomSet = { kind: "normal", dimension: 24, rows: 6_000, metric: "l2" };
  const published = await migrated(place(), set, { targetRecall: 1 });
  expect(published.recall.measured).toBe(1);
  expect(published.reasons.join("\n")).not.toContain("ask for");
});

const small: RandomSet = { kind: "normal", dimension: 16, rows: 600, metric: "cosine" };

test.each([
  [1, "IVF_RQ", { numBits: 8 }],
  [2, "IVF_FLAT", {}],
  [3, "EXACT", {}],
])(
  "after %i tries that missed %s is published, and each of them is told",
  async (missed, type, parameters) => {
    container.probes = blindAtFirst(container.probes, missed);
    const published = await migrated(place(), small);
    expect(published).toMatchObject({ indexType: type, indexParameters: parameters });
    const told = published.reasons.filter((reason) => reason.startsWith("before it "));
    expect(told).toHaveLength(missed);
    expect(told[0]).toMatch(
      /^before it IVF_RQ \(.*numBits 7.*\) reaches recall@10 0 at best \(.*\), asked for 0.95$/,
    );
  },
);

test("a type by its name is kept: finer codes, then the job ends with what would help", async () => {
  container.probes = blindAtFirst(container.probes);
  const { indexType, indexParameters } = await migrated(place(), small, { indexType: "IVF_PQ" });
  expect({ indexType, ...indexParameters }).toMatchObject({
    indexType: "IVF_PQ",
    numBits: 8,
    numSubVectors: 8,
  });
  container.probes = blindAtFirst(container.probes, 2);
  const job = await runJob(container, { type: "build-index", index: "random", indexType: "IVF_PQ" });
  expect(job.error).toMatchObject({ code: "recall-not-reached", phase: "verify" });
  expect(job.error?.message).toMatch(/ask for indexType "auto"/);
});

test("parameters by their names are kept, and nothing is tried in their place", async () => {
  await migrated(place(), small);
  container.probes = blindAtFirst(container.probes);
  const named = { indexType: "IVF_RQ", indexParameters: { numBits: 2 } };
  const job = await runJob(container, { type: "build-index", index: "random", ...named });
  expect(job.error?.message).toMatch(/IVF_RQ \(.*numBits 2.*\) .*; ask for .*numBits 8 of IVF_RQ/);
});

test("every task may be repeated while tries miss: a try is made once", async () => {
  await writeSet(lakehouse.source, small);
  const input = migrateInput.parse({ type: "migrate", index: "random", source: "source/random" });
  container.probes = blindAtFirst(container.probes);
  const twice = async <T>(task: TaskName, payload: object = {}): Promise<T> => {
    const run = () => runTask(task, { jobId: "job", input, ...payload }, context, container, () => undefined);
    await run();
    return (await run()) as T;
  };
  await twice("plan");
  await twice("load", { worker: 0 });
  const { rows } = await twice<{ rows: number }>("compact");
  const first = await twice("build");
  expect(await twice("verify", { rows, index: first })).toEqual({ reached: false });
  const index = await twice("build");
  expect(index).toMatchObject({ type: "IVF_RQ", parameters: { numBits: 8 }, missed: 1 });
  const verified = await twice("verify", { rows, index });
  expect(verified).toMatchObject({ reached: true });
  await twice("publish", { index, verified });
  const { published } = (await container.registry.get("random")).value;
  expect(published).toMatchObject({ rows: small.rows, indexParameters: { numBits: 8 } });
});
