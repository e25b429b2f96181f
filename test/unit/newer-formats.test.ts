import { afterEach, beforeEach, expect, test } from "vitest";
import type { EmbeddedWorkflow } from "../../lib/adapters/workflow/embedded-workflow.ts";
import { machines } from "../../lib/adapters/workflow/machines.ts";
import { EntryList } from "../../lib/domain/index/entry-list.ts";
import type { Publication } from "../../lib/domain/index/index-entry.ts";
import { getJob, listJobs } from "../../lib/domain/jobs/get-job.ts";
import { jobInput } from "../../lib/domain/jobs/job.ts";
import { listIndexes } from "../../lib/domain/search/describe-index.ts";
import { formats } from "../../lib/domain/stored/formats.ts";
import { indexOperations } from "../../lib/http/operations/indexes.ts";
import { jobOperations } from "../../lib/http/operations/jobs.ts";
import { problemResponse } from "../../lib/http/problem.ts";
import { input, type Json, published, StoredDocuments } from "../support/stored-documents.ts";

const newer = { kind: "NeedsNewerRelease" };
const inFormat = (format: unknown) => (document: Json) => ({ format, ...document });

let documents: StoredDocuments;

beforeEach(async () => {
  documents = await StoredDocuments.create();
});

afterEach(() => documents.remove());

test("a format that is the first, or is not named, is read; what is no format is damage", async () => {
  const key = "registry/indexes/docs.json";
  await documents.entry("docs");
  await documents.change(key, inFormat(1));
  await documents.registry.update("docs", () => ({ lastGeneration: 7 }));
  expect(await documents.stored(key)).toMatchObject({ format: 1, lastGeneration: 7 });
  for (const format of [0, -1, 0.5, "2", null, {}]) {
    await documents.change(key, (entry) => ({ ...entry, format }));
    await expect(documents.registry.read("docs")).rejects.toMatchObject({ kind: "EntryDamaged" });
  }
});

test("an entry has the second format as long as its index has an embedding provider, and else the first", async () => {
  const key = "registry/indexes/docs.json";
  await documents.entry("docs");
  const embedding = { provider: "words", model: "words-1", column: "text" };
  const published = (await documents.registry.get("docs")).value.published as Publication;
  await documents.registry.update("docs", () => ({ published: { ...published, embedding } }));
  expect(await documents.stored(key)).toMatchObject({ format: 2, published: { embedding } });
  await documents.registry.update("docs", () => ({ lastGeneration: 7 }));
  expect(await documents.stored(key)).toMatchObject({ format: 2, lastGeneration: 7 });
  await documents.registry.update("docs", () => ({ published }));
  expect(await documents.stored(key)).not.toHaveProperty("format");
});

test("so has what is stored of a job that embeds, builds full-text indexes or exports", async () => {
  const embedding = { provider: "words", column: "text" };
  const fullText = [{ column: "text", language: "en" }];
  for (const [id, more] of Object.entries({ plain: {}, embeds: { embedding }, texts: { fullText } }))
    await documents.ledger.register(id, jobInput.parse({ ...input, ...more }));
  const leaving = { type: "export", index: "docs", target: "primary/exports/docs" };
  await documents.ledger.register("exports", jobInput.parse(leaving));
  const formatOf = async (id: string) => (await documents.stored(`jobs/${id}/job.json`))["format"];
  expect(await formatOf("exports")).toBe(2);
  expect([await formatOf("plain"), await formatOf("embeds"), await formatOf("texts")]).toEqual([
    undefined,
    2,
    2,
  ]);
});

test("an entry of a newer format is named in the list, the others are shown", async () => {
  for (const name of ["a", "b", "c"]) await documents.entry(name);
  await documents.change("registry/indexes/b.json", inFormat(formats.entry + 1));
  const answer = await listIndexes(new EntryList(documents.store, documents.clock), { limit: 9 });
  expect(answer.indexes.map(({ name, state }) => [name, state])).toEqual([
    ["a", "ready"],
    ["b", "needs-newer-release"],
    ["c", "ready"],
  ]);
  expect(answer.indexes[1]).toEqual({ name: "b", state: "needs-newer-release" });
  expect(indexOperations.listIndexes.response.safeParse(answer).error).toBeUndefined();
});

test("who asks for an entry of a newer format is told what helps, and no path; nobody writes it", async () => {
  await documents.entry("docs");
  await documents.change("registry/indexes/docs.json", () => ({ format: 999, all: "is different" }));
  const before = await documents.all();
  const error = await documents.registry.get("docs").catch((thrown) => thrown);
  const { statusCode, headers, body } = problemResponse(error, "c");
  expect([statusCode, headers["retry-after"]]).toEqual([503, undefined]);
  expect(JSON.parse(body)).toMatchObject({
    code: "needs-newer-release",
    detail: expect.stringMatching(/"docs".*format is 999.*reads 2 at most.*[Dd]eploy/),
  });
  expect(body).not.toContain(documents.root);
  await expect(documents.registry.update("docs", () => ({ lastGeneration: 7 }))).rejects.toMatchObject(newer);
  await expect(documents.registry.updateDropped("docs", () => ({ lastGeneration: 7 }))).rejects.toMatchObject(
    newer,
  );
  await expect(documents.registry.create("docs", {})).rejects.toMatchObject({ kind: "Conflict" });
  expect(await documents.all()).toEqual(before);
});

const names = ["job", "plan", "end", "failure", "progress/load-0"];

async function threeJobs(workflow: EmbeddedWorkflow): Promise<void> {
  for (const id of ["one", "two", "three"]) {
    await documents.ledger.register(id, input);
    await workflow.start(id, "migrate", input);
  }
  await workflow.close();
}

test.each(names)("a job whose %s is of a newer format is listed so, the others as they are", async (name) => {
  const workflow = documents.embedded();
  await threeJobs(workflow);
  await documents.change(`jobs/two/${name}.json`, inFormat(999));
  const answer = await listJobs(documents.ledger, workflow, { limit: 9 });
  expect(Object.fromEntries(answer.jobs.map(({ id, state }) => [id, state]))).toEqual({
    one: "succeeded",
    two: "needs-newer-release",
    three: "succeeded",
  });
  expect(jobOperations.listJobs.response.safeParse(answer).error).toBeUndefined();
  await expect(getJob(documents.ledger, workflow, "two")).rejects.toMatchObject(newer);
});

test.each([...names, "results/build", "skipped/0", "redo"])(
  "a job whose %s is of a newer format is not taken over, the others are",
  async (name) => {
    for (const id of ["one", "two", "three"]) await documents.orphan(id);
    await documents.change(`jobs/two/${name}.json`, inFormat(999));
    const before = await documents.all("two");
    const workflow = documents.embedded();
    await workflow.resume();
    await workflow.close();
    expect(documents.logged).toEqual(["two is not resumed"]);
    expect(await documents.all("two")).toEqual(before);
    for (const id of ["one", "three"])
      expect(await workflow.describe(id)).toMatchObject({ status: "succeeded" });
  },
);

test.each(["executions/two.json", "registry/indexes/docs-two.json"])(
  "of executions one is not taken over for %s of a newer format, the others are",
  async (key) => {
    for (const id of ["one", "two", "three"]) {
      await documents.entry(`docs-${id}`);
      await documents.orphan(id);
    }
    await documents.change(key, inFormat(999));
    const before = await documents.all("two");
    const workflow = documents.embedded();
    await workflow.resume();
    await expect(workflow.describe("two")).rejects.toMatchObject(newer);
    await workflow.close();
    expect(documents.logged).toEqual(["two is not resumed"]);
    expect(await documents.all("two")).toEqual(before);
    expect(await workflow.describe("three")).toMatchObject({ status: "succeeded" });
  },
);

test("nothing is written over a document of a newer format, or removes it", async () => {
  const done = { state: "running", startedAt: published.publishedAt, ms: 1 } as const;
  const written = ["job", "end", "failure", "progress/load-0", "results/plan"];
  for (const name of written) await documents.change(`jobs/one/${name}.json`, () => ({ format: 999 }));
  for (const key of ["one", "running/one"])
    await documents.change(`executions/${key}.json`, () => ({ format: 999 }));
  const before = await documents.all();
  const { ledger } = documents;
  const writes = [
    () => ledger.register("one", input),
    () => ledger.end("one", "failed"),
    () => ledger.recordFailure("one", { code: "internal", message: "why" }),
    () => ledger.forgetFailure("one"),
    () => ledger.progress("one", "load", 0, done),
    () => ledger.write("one", "results/plan", {}),
    () => documents.embedded().start("one", "migrate", input),
  ];
  for (const write of writes) await expect(write()).rejects.toMatchObject(newer);
  expect(await documents.all()).toEqual(before);
});

test("a process lets go of an execution that a newer release has taken over", async () => {
  let abort!: () => void;
  const aborted = new Promise<void>((resolve) => {
    abort = resolve;
  });
  const workflow = documents.embedded({
    machines,
    call: (_task, _payload, { signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          abort();
          reject(new Error("aborted"));
        });
      }),
  });
  await workflow.start("one", "migrate", input);
  await documents.change("executions/one.json", inFormat(2));
  const before = await documents.stored("executions/one.json");
  await aborted;
  await workflow.close();
  expect(await documents.stored("executions/one.json")).toEqual(before);
});
