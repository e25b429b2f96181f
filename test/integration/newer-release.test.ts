import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { describeWritten } from "../../lib/domain/documents/describe-written.ts";
import { dropInTurn } from "../../lib/domain/documents/drop-in-turn.ts";
import { writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import { dropIndex } from "../../lib/domain/index/drop-index.ts";
import { EntryList } from "../../lib/domain/index/entry-list.ts";
import { publishedOf } from "../../lib/domain/index/published.ts";
import { cancelJob } from "../../lib/domain/jobs/cancel-job.ts";
import { getJob } from "../../lib/domain/jobs/get-job.ts";
import { jobInput } from "../../lib/domain/jobs/job.ts";
import { startJob } from "../../lib/domain/jobs/start-job.ts";
import { listIndexes } from "../../lib/domain/search/describe-index.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { documentOperations } from "../../lib/http/operations/documents.ts";
import { indexOperations } from "../../lib/http/operations/indexes.ts";
import { searchingOperations } from "../../lib/http/operations/searching.ts";
import { appendRows } from "../support/append-rows.ts";
import { createLakehouse, type Lakehouse, runJob, waitForJob } from "../support/lakehouse.ts";
import { countLater, later, withMore } from "../support/later-fields.ts";
import { sampleRows, writeParquetFile } from "../support/parquet-files.ts";

const newer = { kind: "NeedsNewerRelease" };
const migrate = { type: "migrate", index: "docs", source: "source/docs" };
const entry = "registry/indexes/docs.json";

let lakehouse: Lakehouse;
let container: Container;

beforeEach(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
  await writeParquetFile(join(lakehouse.source, "docs/part.parquet"), sampleRows(100));
});

afterEach(() => lakehouse.remove());

type Json = Record<string, unknown>;

/** As another release writes it. */
async function change(key: string, changes: Json): Promise<void> {
  const store = container.stores("primary");
  const stored = await store.get(key);
  const document = { ...JSON.parse(Buffer.from(stored?.body ?? []).toString() || "{}"), ...changes };
  const condition = stored && stored.etag !== "0" ? { ifMatch: stored.etag } : undefined;
  await store.put(key, Buffer.from(JSON.stringify(document)), condition);
}

async function stored(prefix: string): Promise<[string, string][]> {
  const store = container.stores("primary");
  const keys = await store.list(prefix);
  return Promise.all(
    keys.map(async ({ key }) => [key, Buffer.from((await store.get(key))?.body ?? []).toString()] as const),
  ) as Promise<[string, string][]>;
}

/** Once the job has verified what it built, and before it is told to publish that. */
function onceVerified(work: () => Promise<void>): void {
  const { ledger } = container;
  const progress = ledger.progress.bind(ledger);
  ledger.progress = async (...given) => {
    const written = await progress(...given);
    if (given[1] === "verify" && given[3].state === "done") await work();
    return written;
  };
}

const told = (id: string) => getJob(container.ledger, container.workflow, id);

test.each([entry, "jobs/late/plan.json"])(
  "a job that meets %s of a newer format publishes nothing, ends nothing, and is finished when that is known",
  async (key) => {
    onceVerified(() => change(key, { format: 999 }));
    await startJob(container, "late", jobInput.parse(migrate));
    await expect.poll(() => told("late").catch(({ kind }) => kind), { timeout: 20_000 }).toBe(newer.kind);
    const { ledger, workflow, registry, generations, stores } = container;
    const before = await stored("");
    await expect(
      cancelJob({ ledger, workflow, registry, generations, stores }, "late"),
    ).rejects.toMatchObject(newer);
    const retried = startJob(container, "other", jobInput.parse(migrate));
    await (key === entry ? expect(retried).rejects.toMatchObject(newer) : retried.catch(() => undefined));
    expect(await stored("jobs/late/")).toEqual(before.filter(([one]) => one.startsWith("jobs/late/")));
    expect(await ledger.ended("late")).toBeUndefined();
    expect(await generations.list("primary", "docs")).toEqual(["g1"]);
    await change(key, { format: 1 });
    expect(await waitForJob(container, "late")).toMatchObject({ state: "succeeded", error: null });
    expect((await registry.get("docs")).value.published).toMatchObject({ generation: "g1", rows: 100 });
  },
);

test("a job that is over and was not ended keeps what it left, as long as its index is of a newer format", async () => {
  const { ledger, workflow, registry, generations, stores } = container;
  const input = jobInput.parse(migrate);
  await ledger.register("left", input);
  await workflow.start("left", "a machine that is gone", input);
  const claim = { job: "left", generation: "g1", bucket: "primary", since: new Date().toISOString() };
  await registry.create("docs", { claim });
  await expect.poll(async () => (await told("left")).state).toBe("failed");
  await change(entry, { format: 999 });
  const before = await stored("jobs/");
  const cancel = () => cancelJob({ ledger, workflow, registry, generations, stores }, "left");
  await expect(cancel()).rejects.toMatchObject(newer);
  expect(await stored("jobs/")).toEqual(before);
  await change(entry, { format: 1 });
  expect(await cancel()).toMatchObject({ state: "failed" });
  expect((await registry.read("docs"))?.value).toMatchObject({ state: "dropped", claim: null });
});

test("an index of a newer format is not searched, dropped or replaced; others are", async () => {
  expect(await runJob(container, { ...migrate, index: "other" })).toMatchObject({ error: null });
  expect(await runJob(container, migrate)).toMatchObject({ error: null });
  await change(entry, { format: 999, published: "elsewhere" });
  const before = await stored("lance/docs/");
  const { registry, generations, indexes, stores, clock } = container;
  await expect(dropIndex(registry, generations, "docs")).rejects.toMatchObject(newer);
  await expect(startJob(container, "more", jobInput.parse(migrate))).rejects.toMatchObject(newer);
  const strong = indexes.use("docs", { consistency: "strong" }, async () => undefined);
  await expect(strong).rejects.toMatchObject(newer);
  expect(await stored("lance/docs/")).toEqual(before);
  expect(
    (await listIndexes(new EntryList(stores("primary"), clock), { limit: 9 })).indexes.map(
      ({ state }) => state,
    ),
  ).toEqual(["needs-newer-release", "ready"]);
  expect(await runJob(container, { type: "build-index", index: "other" })).toMatchObject({ error: null });
});

describe("documents that are written", () => {
  const turn = "registry/turns/docs/turn.json";
  const free = { holder: null, since: new Date(0).toISOString() };
  const keyed = { key: "k", request: "r" };
  const document = { doc_id: "new", vector: sampleRows(1)[0]?.vector };

  const write = () =>
    writeDocuments(container, { index: "docs", mode: "upsert", documents: [document], keyed }, 10_000);

  const rows = async () => {
    const published = publishedOf((await container.registry.get("docs")).value);
    return container.generations.rowsOf({ index: "docs", ...published });
  };

  test("an index whose turn is of a newer format is served, and neither written to nor dropped", async () => {
    expect(await runJob(container, migrate)).toMatchObject({ error: null });
    await change(turn, { ...free, format: 999 });
    const before = await stored("registry/");
    await expect(write()).rejects.toMatchObject(newer);
    await expect(dropInTurn(container, "docs", 10_000)).rejects.toMatchObject(newer);
    expect(await stored("registry/")).toEqual(before);
    expect(await describeWritten(container, "docs")).toMatchObject({ stats: { rows: 100 }, written: null });
    await change(turn, { format: 1 });
    expect(await write()).toMatchObject({ inserted: 1 });
    await dropInTurn(container, "docs", 10_000);
    expect(await stored("registry/turns/")).toEqual([]);
    expect(await stored("registry/receipts/")).toEqual([]);
  });

  test("a write whose receipt is of a newer format is not done again, and the receipt stays", async () => {
    expect(await runJob(container, migrate)).toMatchObject({ error: null });
    const answer = await write();
    const [[receipt = ""] = []] = await stored("registry/receipts/");
    await change(receipt, { format: 999 });
    const before = await stored("registry/receipts/");
    await expect(write()).rejects.toMatchObject(newer);
    expect(await stored("registry/receipts/")).toEqual(before);
    await change(receipt, { format: 1 });
    expect(await write()).toEqual(answer);
    expect(await rows()).toBe(101);
  });

  test("a turn and a receipt with a later release's fields are read, and answered with our own alone", async () => {
    expect(await runJob(container, migrate)).toMatchObject({ error: null });
    const answer = await write();
    for (const [key, text] of await stored("registry/"))
      if (/turns|receipts/.test(key)) await change(key, withMore(JSON.parse(text)) as Json);
    expect(documentOperations.writeDocuments.response.safeParse(await write()).error).toBeUndefined();
    expect(await write()).toEqual(answer);
  });

  test("a job that would publish to an index whose turn is of a newer format fails, and leaves what is served", async () => {
    expect(await runJob(container, migrate)).toMatchObject({ error: null });
    onceVerified(() => change(turn, { ...free, format: 999 }));
    const job = await runJob(container, { type: "build-index", index: "docs", indexType: "IVF_FLAT" });
    expect(job.error).toMatchObject({ code: "needs-newer-release" });
    expect((await container.registry.get("docs")).value).toMatchObject({
      published: { generation: "g1" },
      claim: null,
    });
  });
});

test("an index with a later release's fields at every level is described, searched, optimized and rebuilt", async () => {
  const { registry, indexes } = container;
  expect(await runJob(container, migrate)).toMatchObject({ error: null });
  await change(entry, withMore((await registry.read("docs"))?.value) as Json);
  const described = await describeWritten(container, "docs");
  expect(indexOperations.getIndex.response.safeParse(described).error).toBeUndefined();
  expect(countLater(described)).toBe(0);
  const ref = { index: "docs", bucket: "primary", generation: "g1" };
  await appendRows(lakehouse.environment, ref, sampleRows(300, 8, "later"));
  for (const more of [{ type: "optimize" }, { type: "build-index", indexType: "IVF_FLAT" }]) {
    expect((await runJob(container, { index: "docs", ...more })).error).toBeNull();
    expect(JSON.parse((await stored(entry))[0]?.[1] ?? "")).toMatchObject({ later });
  }
  const request = parseSearchRequest({ vector: sampleRows(1)[0]?.vector, k: 3, consistency: "strong" });
  const found = await searchIndex(indexes, "docs", request, 10_000);
  expect(searchingOperations.search.response.safeParse(found).error).toBeUndefined();
  expect(found).toMatchObject({ performance: { generation: "g3" } });
});

test("a job with an option of a later release is run, one by hand with a field that nobody knows is not", async () => {
  const { workflow, ledger } = container;
  const input = { ...jobInput.parse(migrate), laterOption: { deep: 1 } };
  await ledger.writeOnce("later", "job", { id: "later", input, createdAt: new Date().toISOString() });
  await workflow.start("later", "migrate", input);
  const job = await waitForJob(container, "later");
  expect(job).toMatchObject({ state: "succeeded", error: null });
  expect(job.input).toEqual(jobInput.parse(migrate));
  await workflow.start("by-hand", "migrate", { ...input, index: "by-hand" });
  const ended = () => workflow.describe("by-hand", "migrate");
  await expect.poll(ended, { timeout: 20_000 }).toMatchObject({ status: "failed", error: "bad-request" });
});
