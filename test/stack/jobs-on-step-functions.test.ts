import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Job } from "../../lib/domain/jobs/job.ts";
import { Executions } from "../support/executions.ts";
import { HttpClient } from "../support/http-client.ts";
import { parquetBytes, sampleRows } from "../support/parquet-files.ts";
import { theStack } from "../support/stack.ts";
import { stackStores } from "../support/stack-stores.ts";

const { endpoints } = theStack();
const stores = stackStores();
const http = new HttpClient(endpoints.http);
const executions = new Executions();

const rows = 600;
const folder = "step-functions/";
const input = { type: "migrate", index: "", source: "source/step-functions/small", indexType: "IVF_FLAT" };
const large = "source/step-functions/large";
const isOver = ({ state }: { state: string }) => state !== "running";
let tests = 0;
let index: string;
let name: string;

beforeAll(async () => {
  for (const part of ["a", "b"])
    await stores("source").put(`${folder}small/${part}.parquet`, parquetBytes(sampleRows(rows / 2, 8, part)));
  for (let part = 0; part < 40; part++)
    await stores("source").put(
      `${folder}large/${part}.parquet`,
      parquetBytes(sampleRows(500, 64, `${part}-`)),
    );
});

beforeEach(() => {
  index = `step-functions-${process.pid}-${tests++}`;
  name = `by-hand-${index}`;
  input.index = index;
});

afterEach(async () => {
  await http.call("dropIndex", { index });
});

/** A job that may not have been registered yet. */
async function jobWhen(id: string, satisfies: (job: Job) => boolean): Promise<Job> {
  await expect.poll(async () => (await http.call("getJob", { id })).status, { timeout: 30_000 }).toBe(200);
  return http.jobWhen(id, satisfies);
}

afterAll(() => stores("source").deletePrefix(folder));

describe("a job posted over HTTP", () => {
  test("is an execution of its name, and tells its progress and its end", async () => {
    const { body } = await http.startJob(input);
    const done = await http.jobWhen(body.id, isOver);
    expect(done).toMatchObject({ state: "succeeded", rows: { done: rows, total: rows }, error: null });
    const found = await executions.describe(body.id);
    expect(JSON.parse(found.input ?? "")).toMatchObject(input);
    await expect
      .poll(async () => (await executions.describe(body.id)).status, { timeout: 30_000 })
      .toBe("SUCCEEDED");
  });

  test("is started once for one Idempotency-Key", async () => {
    const key = { "idempotency-key": `once-${process.pid}` };
    const sent = await Promise.all([1, 2, 3].map(() => http.startJob(input, key)));
    expect(new Set(sent.map(({ body }) => body.id)).size).toBe(1);
    expect((await http.jobWhen(sent[0]?.body.id, isOver)).state).toBe("succeeded");
    const again = await http.startJob(input, key);
    expect([again.status, again.body.state]).toEqual([202, "succeeded"]);
    expect((await http.call("getIndex", { index })).body.lastGeneration).toBe(1);
  });

  test("that meets an entry of a newer format leaves all as it is, and is cleaned up when that is known", async () => {
    const [key, tables, primary] = [`registry/indexes/${index}.json`, `lance/${index}/`, stores("primary")];
    const { id } = (await http.startJob({ ...input, source: large })).body;
    await http.jobWhen(id, ({ phase }) => phase === "load");
    const known = (await primary.get(key))?.body ?? new Uint8Array();
    const newer = { ...JSON.parse(new TextDecoder().decode(known)), format: 999 };
    await primary.put(key, new TextEncoder().encode(JSON.stringify(newer)));
    await expect
      .poll(() => executions.describe(id), { timeout: 60_000 })
      .toMatchObject({ status: "FAILED", error: "NeedsNewerRelease" });
    const error = { code: "needs-newer-release", message: expect.stringContaining(index) };
    expect((await http.call("getJob", { id })).body).toMatchObject({ state: "failed", error });
    expect((await http.call("cancelJob", { id })).body).toMatchObject({ code: "needs-newer-release" });
    expect(await primary.get(`jobs/${id}/end.json`)).toBeUndefined();
    expect((await primary.list(tables)).length).toBeGreaterThan(0);
    await primary.put(key, known);
    expect((await http.call("cancelJob", { id })).body).toMatchObject({ state: "failed" });
    expect(await primary.list(tables)).toEqual([]);
  });

  test("that fails says why, to its caller and in the execution", async () => {
    const { body } = await http.startJob({ ...input, source: "source/step-functions/nothing" });
    const failed = await http.jobWhen(body.id, isOver);
    expect(failed).toMatchObject({ state: "failed", error: { code: "source-invalid", phase: "plan" } });
    await expect
      .poll(() => executions.describe(body.id), { timeout: 30_000 })
      .toMatchObject({ status: "FAILED", error: "source-invalid", cause: failed.error?.message });
  });

  test("is refused while another builds the index", async () => {
    const first = await http.startJob({ ...input, source: large });
    await http.jobWhen(first.body.id, ({ phase }) => phase === "load");
    const second = await http.startJob(input);
    expect([second.status, second.body.code]).toEqual([409, "conflict"]);
    await executions.start(name, input); // nobody refuses it at the door
    const refused = await jobWhen(name, isOver);
    expect(refused).toMatchObject({ state: "failed", error: { code: "conflict" } });
    expect((await http.jobWhen(first.body.id, isOver)).state).toBe("succeeded");
  });

  test("that is cancelled ends, and nothing of it is left", async () => {
    const { body } = await http.startJob({ ...input, source: large, workers: 4 });
    await http.jobWhen(body.id, ({ rows: { done } }) => done > 0);
    expect((await http.call("cancelJob", { id: body.id })).body.state).toBe("cancelled");
    await expect
      .poll(async () => (await executions.describe(body.id)).status, { timeout: 30_000 })
      .not.toBe("RUNNING"); // LocalStack calls one that is stopped in a Map failed
    const left = () => stores("primary").list(`lance/${index}/`);
    await expect.poll(left, { timeout: 30_000 }).toEqual([]);
    await new Promise((later) => setTimeout(later, 3_000)); // for what a task under way may still write
    expect(await left()).toEqual([]);
    expect((await http.migrate(index, input.source, { indexType: "IVF_FLAT" })).state).toBe("succeeded");
  });
});

describe("an execution started directly", () => {
  test("is a job as good as one from HTTP", async () => {
    await executions.start(name, input);
    const done = await jobWhen(name, isOver);
    expect(done).toMatchObject({ id: name, state: "succeeded", index, rows: { done: rows, total: rows } });
    const { body } = await http.call("listJobs", {}, { query: "?limit=200" });
    expect(body.jobs).toContainEqual(expect.objectContaining({ id: name, state: "succeeded" }));
    expect((await http.search(index, { vector: sampleRows(1, 8)[0]?.vector })).body.hits).toHaveLength(10);
  });

  test.each([
    ["an input with mistakes", { ...input, index: "NO", surplus: 1 }, /index/],
    ["no job at all", { hello: "world" }, /type/],
  ])("with %s fails, naming the field", async (_, wrong, field) => {
    await executions.start(name, wrong);
    await expect
      .poll(() => executions.describe(name), { timeout: 30_000 })
      .toMatchObject({ status: "FAILED" });
    expect((await executions.describe(name)).cause).toMatch(field);
  });

  test("and stopped directly is cancelled, and the index is free for the next", async () => {
    await executions.start(name, { ...input, source: large });
    await jobWhen(name, ({ phase }) => phase === "verify");
    await executions.stop(name);
    expect((await jobWhen(name, isOver)).state).toBe("cancelled");
    expect((await http.migrate(index, input.source, { indexType: "IVF_FLAT" })).state).toBe("succeeded");
    const left = async () =>
      new Set((await stores("primary").list(`lance/${index}/`)).map(({ key }) => key.split("/")[2]));
    await expect.poll(left, { timeout: 30_000 }).toEqual(new Set([expect.stringMatching(/^g\d+\.lance$/)]));
  });
});

test("jobs come newest first, page by page, each once", async () => {
  for (let i = 0; i < 3; i++) {
    const { body } = await http.startJob({ ...input, source: `source/step-functions/none-${i}` });
    await jobWhen(body.id, isOver);
  }
  const seen: string[] = [];
  const times: string[] = [];
  for (let query = "?limit=2"; query; ) {
    const { body } = await http.call("listJobs", {}, { query });
    seen.push(...body.jobs.map(({ id }: { id: string }) => id));
    times.push(...body.jobs.map(({ createdAt }: { createdAt: string }) => createdAt));
    query = body.next ? `?limit=2&cursor=${body.next}` : "";
  }
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen.length).toBeGreaterThan(2);
  expect(times).toEqual(times.toSorted().reverse());
});

test("a build-index job runs there, too", async () => {
  await http.migrate(index, input.source, { indexType: "IVF_FLAT" });
  const { body } = await http.startJob({ type: "build-index", index, indexType: "IVF_PQ" });
  expect(await http.jobWhen(body.id, isOver)).toMatchObject({ state: "succeeded", type: "build-index" });
  const { published } = (await http.call("getIndex", { index })).body;
  expect(published).toMatchObject({ indexType: "IVF_PQ", rows });
});
