import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BulkJobs, watchWorkerMemory } from "./bulk-job.ts";
import { largestState } from "./executions.ts";

/** A migration of many files by many workers, within the bounds that Step Functions and Lambda set. */
export function describeManyRows({ rows, files, workers }: { rows: number; files: number; workers: number }) {
  const bulk = new BulkJobs(`many-${rows}-${workers}`);

  describe("a migration", () => {
    beforeAll(() => bulk.upload({ rows, files, dimension: 128, rowGroupRows: 5_000 }), 600_000);
    afterAll(() => bulk.remove());

    test(`${rows} rows in ${files} files by ${workers} workers: exact, in small states and bounded memory`, async ({
      task,
    }) => {
      const stopWatching = watchWorkerMemory();
      const name = await bulk.start({ workers, indexType: "IVF_RQ" });
      const job = await bulk.ended(name, 1_500_000);
      const memory = await stopWatching();
      expect(job).toMatchObject({ state: "succeeded", error: null, rows: { done: rows, total: rows } });
      await bulk.expectEqual(name, rows);
      const events = await bulk.executions.history(name);
      expect(events.length).toBeLessThanOrEqual(5_000);
      expect(largestState(events)).toBeLessThanOrEqual(32 * 1_024);
      expect(memory).toBeGreaterThan(0);
      expect(memory).toBeLessThanOrEqual(1_024 ** 3);
      const times = job.phases.map((phase) => `${phase.name} ${(phase.ms / 1_000).toFixed(1)} s`).join(", ");
      const rate = Math.round(
        rows / ((job.phases.find(({ name: phase }) => phase === "load")?.ms ?? 0) / 1_000),
      );
      task.meta.figures =
        `load ${rate} rows/s; ${times}; ${events.length} events; largest state ${largestState(events)} characters; ` +
        `load worker ${Math.round(memory / 1_048_576)} MB`;
    }, 1_800_000);
  });
}
