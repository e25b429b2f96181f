import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { readEnvironment } from "../../lib/config/environment.ts";
import { loadBuckets } from "../../lib/config/lakehouse.ts";
import { createContainer } from "../../lib/container.ts";
import { errorTable } from "../../lib/domain/error-table.ts";
import type { Phase } from "../../lib/domain/jobs/job-documents.ts";
import { BulkJobs } from "./bulk-job.ts";
import { searchThroughout } from "./served-throughout.ts";
import { theStack } from "./stack.ts";

const unavailable: string[] = [errorTable.StoreUnavailable.code, errorTable.DeadlineExceeded.code];

/** MinIO is gone for a while in one phase of a migration of an index that others read. */
export function describeStoreOutage({
  rows,
  files,
  outageMs,
}: {
  rows: number;
  files: number;
  outageMs: number;
}) {
  const dimension = 64;
  const bulk = new BulkJobs("outage");
  const first = 500;
  const old = new BulkJobs("outage-old");
  let index: string;

  beforeAll(async () => {
    await bulk.upload({ rows, files, dimension });
    await old.upload({ rows: first, dimension });
  }, 300_000);

  beforeEach(async () => {
    index = await old.start();
    expect(await old.ended(index, 60_000)).toMatchObject({ state: "succeeded" });
  }, 120_000);

  afterEach(() => theStack().restartMinio());
  afterAll(async () => {
    await bulk.remove();
    await old.remove();
  });

  const cases: [Phase["name"], object][] = [
    ["load", { workers: 2 }],
    ["build", { workers: 2, indexType: "IVF_PQ", indexParameters: { numBits: 8, numSubVectors: 32 } }],
  ];
  test.each(cases)(
    `the store gone for ${outageMs / 1_000} s in the middle of %s: every row once, or failed with the cause`,
    async (phase, more) => {
      const { environment } = theStack();
      const own = readEnvironment({ ...environment, RETIRE_AFTER_MS: "6000" });
      const reader = createContainer(own, loadBuckets(own));
      const vector = Array.from({ length: dimension }, (_, i) => Math.sin(i));
      const stopReading = searchThroughout(reader, index, vector);
      const name = await bulk.start({ ...more, index });
      await bulk.http.jobWhen(
        name,
        (job) => job.phase === phase && (phase !== "load" || job.rows.done > rows / 4),
        120_000,
      );
      await theStack().killMinio();
      await sleep(outageMs);
      await theStack().restartMinio();
      const job = await bulk.ended(name, 240_000);
      await sleep(6_000); // readers follow within 5 s
      const seen = await stopReading();
      await reader.close();
      for (const error of seen.errors) expect(unavailable).toContain((error as { code?: string }).code);
      const [g1, g2] = ["g1: 500 rows", "g2: 1000 rows"]; // as many hits as are asked for
      if (job.state === "succeeded") {
        await bulk.expectEqual(index, rows);
        expect(seen.answers).toEqual([g1, g2]);
      } else {
        expect(unavailable).toContain(job.error?.code);
        expect(seen.answers).toEqual([g1]);
      }
      const after = await bulk.http.search(index, { vector, consistency: "strong" });
      expect(after.status).toBe(200);
    },
    420_000,
  );
}
