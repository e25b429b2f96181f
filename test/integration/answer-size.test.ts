import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import type { Container } from "../../lib/container.ts";
import { answerBytes } from "../../lib/domain/answer-size.ts";
import { runJob } from "../support/lakehouse.ts";
import { sampleRows, writeParquetFile } from "../support/parquet-files.ts";

const dimension = 2_048;
const textLength = 60_000;

type Handler = (event: never, context: never) => Promise<{ statusCode: number; body: string }>;

let root: string;
let container: Container;
let search: Handler;
let fetchDocument: Handler;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "answers-"));
  process.env["DATA_ROOT"] = root;
  search = (await import("../../functions/search.ts")).handler as Handler;
  fetchDocument = (await import("../../functions/fetch-document.ts")).handler as Handler;
  container = (await import("../../lib/container.ts")).container();
  const rows = sampleRows(200, dimension).map((row, i) => ({
    ...row,
    vector: (row.vector ?? []).map((number) => (number + i) / 7),
    long: '"x'.repeat(textLength / 2),
    whole: i === 7 ? "y".repeat(6_000_000) : "",
  }));
  await writeParquetFile(join(root, "_testing/sources/wide.parquet"), rows);
  const input = {
    type: "migrate",
    index: "wide",
    source: "testing/sources/wide.parquet",
    indexType: "IVF_FLAT",
  };
  const job = await runJob(container, { ...input, filterColumns: [] } as never);
  expect(job.error).toBeNull();
});

afterAll(async () => {
  await container.close();
  await rm(root, { recursive: true, force: true });
});

const context = { awsRequestId: "sizes", getRemainingTimeInMillis: () => 29_000 } as never;

async function ask(handler: Handler, event: object) {
  const headers = { "content-type": "application/json" };
  const { statusCode, body } = await handler({ headers, ...event } as never, context);
  expect(answerBytes(body)).toBeLessThanOrEqual(limits.maxAnswerBytes);
  return { status: statusCode, ...JSON.parse(body) };
}

const searched = (more: object) =>
  ask(search, {
    routeKey: "POST /indexes/{index}/search",
    pathParameters: { index: "wide" },
    body: JSON.stringify({ vector: sampleRows(1, dimension)[0]?.vector, ...more }),
  });

const refusal = (fit: RegExp, column: string) => ({
  status: 422,
  code: "answer-too-large",
  detail: expect.stringMatching(new RegExp(`${fit.source}.*without "${column}"`)),
});

test("vectors are counted as they are made, and the k that is said fits", async () => {
  const k = limits.maxK;
  const refused = await searched({ k, select: ["vector"] });
  expect(refused).toMatchObject(refusal(/of 200 hits \d+ fit/, "vector"));
  const fits = Number(/k of at most (\d+)/.exec(refused.detail)?.[1]);
  expect((await searched({ k: fits, select: ["vector"] })).hits).toHaveLength(fits);
});

test("long texts are counted as they are made, from a table and from memory", async () => {
  for (let i = 0; i < 3; i++) {
    const refused = await searched({ k: 200, select: ["long"] });
    expect(refused).toMatchObject(refusal(/of 200 hits \d+ fit/, "long"));
    const fits = Number(/k of at most (\d+)/.exec(refused.detail)?.[1]);
    expect(fits).toBeGreaterThan(30);
    expect((await searched({ k: fits, select: ["long"] })).hits).toHaveLength(fits);
  }
});

test("a filter that leaves few rows makes a large k harmless", async () => {
  const filter = { op: "in", column: "doc_id", values: ["d1", "d2"] };
  expect((await searched({ k: 1_000, select: ["vector", "long"], filter })).hits).toHaveLength(2);
});

test("a document that is longer than an answer is refused, and found without that column", async () => {
  const pathParameters = { index: "wide", docId: "d7" };
  expect(await ask(fetchDocument, { pathParameters })).toMatchObject(
    refusal(/the document does not fit/, "whole"),
  );
  const selected = await ask(fetchDocument, {
    pathParameters,
    queryStringParameters: { select: "doc_id,vector" },
  });
  expect(selected).toMatchObject({ status: 200, doc_id: "d7" });
});
