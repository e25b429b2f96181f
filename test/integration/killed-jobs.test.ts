import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { jobInput } from "../../lib/domain/jobs/job.ts";
import { startJob } from "../../lib/domain/jobs/start-job.ts";
import { describeIndex } from "../../lib/domain/search/describe-index.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { createLakehouse, type Lakehouse, runJob, waitForJob } from "../support/lakehouse.ts";
import { otherProcess } from "../support/other-process.ts";
import { sampleRows, writeParquetFile } from "../support/parquet-files.ts";

let lakehouse: Lakehouse;
let container: Container;

const [before, after] = [300, 700];

beforeEach(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
  await writeParquetFile(join(lakehouse.source, "old/part.parquet"), sampleRows(before, 8, "old"));
  await writeParquetFile(join(lakehouse.source, "new/a.parquet"), sampleRows(after / 2, 8, "a"));
  await writeParquetFile(join(lakehouse.source, "new/b.parquet"), sampleRows(after / 2, 8, "b"));
  await runJob(container, { type: "migrate", index: "docs", source: "source/old", indexType: "IVF_FLAT" });
});

afterEach(() => lakehouse.remove());

const job = JSON.stringify({
  type: "migrate",
  index: "docs",
  source: "source/new",
  indexType: "IVF_FLAT",
  workers: 2,
});

async function rowsServed() {
  const vector = sampleRows(1)[0]?.vector;
  const request = parseSearchRequest({ vector, k: 1_000, consistency: "strong" });
  const { hits, performance } = await searchIndex(container.indexes, "docs", request, 10_000);
  return {
    generation: performance.generation,
    rows: hits.length,
    ids: new Set(hits.map((hit) => hit.doc_id)).size,
  };
}

/** Every few writes of a job's tasks; the step keeps the test short, and is coprime to the order of the calls. */
const step = 7;
const points = Array.from({ length: 12 }, (_, i) => 1 + i * step);

test.each(points)(
  "killed after call %i the old generation serves, and the job is finished by the next process",
  async (calls) => {
    const killed = otherProcess(lakehouse.environment, "job-until", "job", job, String(calls));
    const exit = await killed.exited;
    const between = await rowsServed();
    expect([
      { generation: "g1", rows: before, ids: before },
      { generation: "g2", rows: after, ids: after },
    ]).toContainEqual(between);
    // a client whose request was cut off sends it again; what was started is taken over all the same
    if (exit === "SIGKILL") await startJob(lakehouse.open(), "job", jobInput.parse(JSON.parse(job)));
    const finished = await waitForJob(container, "job");
    expect(finished.error).toBeNull();
    expect(finished).toMatchObject({ state: "succeeded", rows: { done: after, total: after } });
    expect(await rowsServed()).toEqual({ generation: "g2", rows: after, ids: after });
    await expect
      .poll(() => container.generations.list("primary", "docs"), { timeout: 15_000 })
      .toEqual(["g2"]);
    expect(
      (await describeIndex(container.registry, container.indexes, container.fallbacks, "docs")).stats,
    ).toMatchObject({
      rows: after,
      health: "ok",
    });
  },
);

test("a job whose process dies again and again is given up, and says so", async () => {
  const kills = ["5", "5", "5", "5"];
  for (const calls of kills) {
    const killed = otherProcess(lakehouse.environment, "job-until", "job", job, calls);
    expect(await killed.exited).toBe("SIGKILL");
  }
  lakehouse.open();
  const given = await waitForJob(container, "job");
  expect(given).toMatchObject({ state: "failed", error: { code: "job-interrupted" } });
  expect(await container.generations.list("primary", "docs")).toEqual(["g1"]);
  expect(await rowsServed()).toEqual({ generation: "g1", rows: before, ids: before });
});
