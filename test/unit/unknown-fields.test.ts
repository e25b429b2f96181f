import { afterEach, beforeEach, expect, test } from "vitest";
import { EntryList } from "../../lib/domain/index/entry-list.ts";
import { getJob } from "../../lib/domain/jobs/get-job.ts";
import { plan } from "../../lib/domain/jobs/plan.ts";
import { LoadProgress } from "../../lib/domain/load/load-progress.ts";
import { listIndexes } from "../../lib/domain/search/describe-index.ts";
import { indexOperations } from "../../lib/http/operations/indexes.ts";
import { jobOperations } from "../../lib/http/operations/jobs.ts";
import { countLater, later, withMore } from "../support/later-fields.ts";
import { input, type Json, published, StoredDocuments } from "../support/stored-documents.ts";

const ref = { index: "docs", bucket: "primary", generation: "g1" };
const unit = { id: 0, file: 0, rowGroups: [{ index: 0, rows: 9 }], firstRow: 0, rows: 9 };

let documents: StoredDocuments;

beforeEach(async () => {
  documents = await StoredDocuments.create();
});

afterEach(() => documents.remove());

test("an update of an entry keeps what a later release has added, at every level", async () => {
  const key = "registry/indexes/docs.json";
  await documents.entry("docs");
  await documents.change(key, (entry) => withMore(entry) as Json);
  const before = await documents.stored(key);
  expect(countLater(before)).toBeGreaterThan(12);
  await documents.registry.update("docs", ({ claim }) =>
    claim ? { claim: { ...claim, publishing: "attempt" } } : undefined,
  );
  const after = await documents.stored(key);
  expect(after).toEqual({
    ...before,
    updatedAt: after["updatedAt"],
    claim: { ...(before["claim"] as Json), publishing: "attempt" },
  });
});

test("what is stored of an index and not known is not shown", async () => {
  await documents.entry("docs");
  await documents.change("registry/indexes/docs.json", (entry) => withMore(entry) as Json);
  const answer = await listIndexes(new EntryList(documents.store, documents.clock), { limit: 9 });
  expect(indexOperations.listIndexes.response.safeParse(answer).error).toBeUndefined();
  expect(answer.indexes[0]).toMatchObject({ name: "docs", published });
  expect(countLater(answer)).toBe(0);
});

test("a job with documents of a later release is shown without what is not known", async () => {
  const workflow = documents.embedded();
  await documents.ledger.register("one", input);
  await workflow.start("one", "migrate", input);
  await workflow.close();
  await documents.ledger.progress("one", "load", 0, {
    state: "done",
    startedAt: published.publishedAt,
    ms: 1,
  });
  await documents.ledger.recordFailure("one", {
    code: "internal",
    message: "why",
    issues: [{ path: "a", message: "b" }],
  });
  await documents.ledger.end("one", "failed");
  for (const { key } of await documents.store.list("jobs/one/"))
    await documents.change(key, (one) => withMore(one) as Json);
  await documents.change("executions/one.json", (one) => withMore({ ...one, status: "failed" }) as Json);
  const job = await getJob(documents.ledger, workflow, "one");
  expect(jobOperations.getJob.response.safeParse(job).error).toBeUndefined();
  expect(job).toMatchObject({ state: "failed", error: { message: "why" } });
  expect(countLater(job)).toBe(0);
});

test("progress keeps what a later release has added, whoever goes on with it", async () => {
  const done = { state: "running", startedAt: published.publishedAt, ms: 1 } as const;
  for (const name of ["load", "build"] as const) {
    await documents.ledger.progress("one", name, 0, done);
    await documents.change(`jobs/one/progress/${name}-0.json`, (one) => ({ ...one, later }));
  }
  const progress = await LoadProgress.resume(documents, "one", 0, [unit]);
  await progress.add(unit);
  await progress.write("done");
  await documents.ledger.progress("one", "build", 0, { ...done, state: "done" });
  expect(await documents.stored("jobs/one/progress/load-0.json")).toMatchObject({
    later,
    state: "done",
    rows: 9,
  });
  expect(await documents.stored("jobs/one/progress/build-0.json")).toMatchObject({ later, state: "done" });
});

test("an execution keeps what a later release has added, when it is taken over and ended", async () => {
  await documents.orphan("one", { later, owner: { host: "gone", pid: 1, process: "p" } });
  const workflow = documents.embedded();
  await workflow.resume();
  await workflow.close();
  expect(await documents.stored("executions/one.json")).toMatchObject({
    later,
    status: "succeeded",
    takeovers: 1,
  });
});

test("a plan is read with what a later release has added", async () => {
  await documents.ledger.writeOnce("one", "plan", withMore(planOf()));
  const read = await documents.ledger.read("one", "plan", plan);
  expect(read).toMatchObject(planOf());
  expect(countLater(read)).toBe(countLater(withMore(planOf())));
});

function planOf() {
  const { columns, vectorColumn, idColumn, dimension, chosenColumns } = published;
  return {
    ref,
    generation: "g1",
    rows: 9,
    target: { idColumn, vectorColumn, dimension, columns, refuseZeroVectors: true },
    chosenColumns,
    sourceBucket: "source",
    files: ["a.parquet"],
    seen: [{ bytes: 1, identity: "i" }],
    units: [unit],
    notes: [],
    workers: 1,
    filterColumns: [],
    unaskedFilterColumns: [],
    published: { ref, version: 1 },
    claimedAt: published.publishedAt,
    upkeep: { way: "keep", why: "w" },
  };
}
