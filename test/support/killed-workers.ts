import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BulkJobs, loadWorkers } from "./bulk-job.ts";
import { oneOf, seededRandom } from "./seeded-random.ts";

const killsPerJob = 5; // a task is retried as often

/** Migrations whose load workers are killed at random moments, until so many were. */
export function describeKilledWorkers({
  kills,
  rows,
  files,
}: {
  kills: number;
  rows: number;
  files: number;
}) {
  const bulk = new BulkJobs("killed");
  const random = seededRandom(kills);

  beforeAll(() => bulk.upload({ rows, files, dimension: 64 }), 300_000);
  afterAll(() => bulk.remove());

  test(
    `${kills} load workers killed at random moments: each row is published once`,
    async ({ task }) => {
      let jobs = 0;
      for (let killed = 0; killed < kills; ) {
        const name = await bulk.start({ workers: 4 });
        killed += await killSome(name, Math.min(killsPerJob, kills - killed));
        expect(await bulk.ended(name, 240_000)).toMatchObject({ state: "succeeded", error: null });
        await bulk.expectEqual(name, rows);
        jobs++;
      }
      task.meta.figures = `${jobs} jobs of ${rows} rows`;
    },
    kills * 60_000,
  );

  async function killSome(name: string, most: number): Promise<number> {
    let killed = 0;
    while (killed < most) {
      const { phase, state, rows: loaded } = await bulk.job(name);
      if (state !== "running" || (phase !== "plan" && phase !== "load") || loaded.done === rows) break;
      await sleep(400 * random());
      const [first, ...others] = loadWorkers();
      if (first === undefined || phase === "plan") continue;
      process.kill(oneOf(random, [first, ...others]), "SIGKILL");
      killed++;
    }
    return killed;
  }
}
