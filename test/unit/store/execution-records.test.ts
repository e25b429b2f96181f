import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LocalStore } from "../../../lib/adapters/store/local-store.ts";
import { type ExecutionRecord, ExecutionRecords } from "../../../lib/adapters/workflow/execution-records.ts";

let folder: string;
let store: LocalStore;
let records: ExecutionRecords;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "records-"));
  store = new LocalStore(folder);
  records = new ExecutionRecords(store);
});
afterEach(() => rm(folder, { recursive: true }));

const record: ExecutionRecord = {
  name: "job",
  machine: "migrate",
  input: {},
  status: "running",
  startedAt: new Date(0).toISOString(),
  owner: { host: "h", pid: 1, process: "p" },
  beatAt: 0,
  takeovers: 0,
  settled: false,
};
const marker = "executions/running/job.json";
const markers = async () => (await store.list("executions/running/")).map(({ key }) => key);

test("the marker of an execution that ended goes, where its process was killed before it did it", async () => {
  await records.create(record);
  expect(await records.running(1)).toEqual(["job"]);
  const mark = (await store.get(marker))?.body ?? new Uint8Array();
  await records.update("job", () => ({ status: "succeeded" }));
  await store.put(marker, mark);
  expect(await records.running(1)).toEqual([]);
  expect(await markers()).toEqual([]);
});

test("a second start of an execution that has ended leaves no marker", async () => {
  await records.create(record);
  await records.update("job", () => ({ status: "failed" }));
  expect(await records.create(record)).toBe(false);
  expect(await markers()).toEqual([]);
});

test("a second start of one that runs leaves its marker", async () => {
  await records.create(record);
  expect(await records.create(record)).toBe(false);
  expect(await markers()).toEqual([marker]);
});

test.each([
  ["of now", JSON.stringify({ at: 0 })],
  ["of old, which says nothing", ""],
])("a marker without an execution, %s, goes after a minute", async (_, body) => {
  await store.put(marker, new TextEncoder().encode(body));
  await records.running(1);
  expect(await markers()).toEqual([marker]);
  await records.running(59_000);
  expect(await markers()).toEqual([marker]);
  await records.running(61_000);
  expect(await markers()).toEqual([]);
});
