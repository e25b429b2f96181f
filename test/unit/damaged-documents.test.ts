import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LocalStore } from "../../lib/adapters/store/local-store.ts";
import { EmbeddedWorkflow } from "../../lib/adapters/workflow/embedded-workflow.ts";
import { limits } from "../../lib/config/limits.ts";
import { EntryList } from "../../lib/domain/index/entry-list.ts";
import { IndexRegistry } from "../../lib/domain/index/index-registry.ts";
import { getJob, listJobs } from "../../lib/domain/jobs/get-job.ts";
import { jobInput } from "../../lib/domain/jobs/job.ts";
import { JobLedger } from "../../lib/domain/jobs/job-ledger.ts";
import { listIndexes } from "../../lib/domain/search/describe-index.ts";
import { indexOperations } from "../../lib/http/operations/indexes.ts";
import { jobOperations } from "../../lib/http/operations/jobs.ts";
import { problemResponse } from "../../lib/http/problem.ts";

const clock = { now: () => Date.now() };
const machines = { migrate: { StartAt: "Done", States: { Done: { Type: "Succeed" } } } };
const input = jobInput.parse({ type: "migrate", index: "docs", source: "source/docs" });
const damages: Record<string, Uint8Array | string> = {
  "no JSON": "{",
  nothing: "",
  "an empty object": "{}",
  null: "null",
  "a list": "[1]",
  bytes: Uint8Array.from([0xff, 0xfe, 0, 1]),
  "another one's": '{"name": "other", "id": "other"}',
  "too large": `{"name": "${"x".repeat(limits.maxEntryBytes)}"}`,
};

let root: string;
let store: LocalStore;
let registry: IndexRegistry;
let ledger: JobLedger;
let logged: string[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "damaged-"));
  store = new LocalStore(root);
  registry = new IndexRegistry(store, clock);
  ledger = new JobLedger(store, clock);
  logged = [];
});

afterEach(() => rm(root, { recursive: true, force: true }));

const put = (key: string, body: Uint8Array | string) => store.put(key, Buffer.from(body));

/** As whoever writes there by hand would: the newest version is damaged. */
async function damage(key: string): Promise<void> {
  const etag = (await store.get(key))?.etag ?? "0";
  await store.put(key, Buffer.from("{"), etag === "0" ? undefined : { ifMatch: etag });
}

function embedded() {
  const log = (name: string, what: string) => void logged.push(`${name} ${what}`);
  return new EmbeddedWorkflow({
    store,
    machines,
    call: async () => null,
    clock,
    log,
    refuseNewer: async () => undefined,
  });
}

test.each(Object.entries(damages))(
  "an entry that is %s is listed as damaged, the others as they are",
  async (_, body) => {
    for (const name of ["a", "c", "d"]) await registry.create(name, {});
    await put("registry/indexes/b.json", body);
    const { indexes, next } = await listIndexes(new EntryList(store, clock), { limit: 3 });
    expect(indexes.map(({ name, state }) => [name, state])).toEqual([
      ["a", "building"],
      ["b", "damaged"],
      ["c", "building"],
    ]);
    expect(next).toBe("c");
    expect(indexOperations.listIndexes.response.safeParse({ indexes, next }).success).toBe(true);
    await expect(registry.get("b")).rejects.toMatchObject({ kind: "EntryDamaged" });
  },
);

test("an entry under another one's key is damaged", async () => {
  await registry.create("a", {});
  await store.copy("registry/indexes/a.json", "registry/indexes/b.json");
  const { indexes } = await listIndexes(new EntryList(store, clock), { limit: 9 });
  expect(indexes[1]).toEqual({ name: "b", state: "damaged" });
});

test("what is no entry by its name is passed over, page by page", async () => {
  for (const name of ["a", "b"]) await registry.create(name, {});
  for (const key of ["B.json", "a.txt", "a b.json", "x/a.json", "~"])
    await put(`registry/indexes/${key}`, "{}");
  const seen: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await listIndexes(new EntryList(store, clock), { cursor, limit: 1 });
    seen.push(...page.indexes.map(({ name }) => name));
    if (page.next === null) break;
    cursor = page.next;
  }
  expect(seen).toEqual(["a", "b"]);
});

test("who asks for a damaged entry is told its name and what to do, and no path", async () => {
  await put("registry/indexes/b.json", "{");
  const error = await registry.get("b").catch((thrown) => thrown);
  const { statusCode, body } = problemResponse(error, "c");
  expect(statusCode).toBe(500);
  expect(JSON.parse(body)).toMatchObject({
    code: "entry-damaged",
    detail: expect.stringMatching(/"b".*restore/),
  });
  expect(body).not.toContain(root);
});

test.each(["job", "plan", "end", "failure", "progress/load-0"])(
  "a job whose %s is damaged is listed as such, the others as they are",
  async (document) => {
    const workflow = embedded();
    for (const id of ["one", "two", "three"]) {
      await ledger.register(id, input);
      await workflow.start(id, "migrate", input);
    }
    await workflow.close();
    await damage(`jobs/two/${document}.json`);
    const { jobs, next } = await listJobs(ledger, workflow, { limit: 9 });
    expect(Object.fromEntries(jobs.map(({ id, state }) => [id, state]))).toEqual({
      one: "succeeded",
      two: "damaged",
      three: "succeeded",
    });
    expect(jobOperations.listJobs.response.safeParse({ jobs, next }).success).toBe(true);
    await expect(getJob(ledger, workflow, "two")).rejects.toMatchObject({ kind: "EntryDamaged" });
  },
);

test("a job of which only the place in the list is left is damaged", async () => {
  await ledger.register("one", input);
  await store.deletePrefix("jobs/one/");
  const { jobs } = await listJobs(ledger, embedded(), { limit: 9 });
  expect(jobs).toEqual([{ id: "one", state: "damaged" }]);
});

test("a damaged execution does not keep others from being taken over", async () => {
  const first = embedded();
  for (const name of ["a", "b", "c"]) await first.start(name, "migrate", input);
  await first.close();
  const orphan = { status: "running", owner: { host: "gone", pid: 1, process: "p" }, beatAt: 0 };
  for (const name of ["a", "c"]) {
    const stored = await store.get(`executions/${name}.json`);
    const record = JSON.parse(Buffer.from(stored?.body ?? []).toString());
    await store.put(`executions/${name}.json`, Buffer.from(JSON.stringify({ ...record, ...orphan })), {
      ifMatch: stored?.etag ?? "",
    });
  }
  await damage("executions/b.json");
  for (const name of ["a", "b", "c"]) await put(`executions/running/${name}.json`, "");
  const second = embedded();
  await second.resume();
  await second.close();
  expect(logged).toEqual(["b is not resumed"]);
  for (const name of ["a", "c"]) expect(await second.describe(name)).toMatchObject({ status: "succeeded" });
});
