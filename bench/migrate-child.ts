import { setTimeout as sleep } from "node:timers/promises";
import { container } from "../lib/container.ts";
import { getJob } from "../lib/domain/jobs/get-job.ts";
import { type Job, jobInput } from "../lib/domain/jobs/job.ts";
import { startJob } from "../lib/domain/jobs/start-job.ts";
import { answerParent } from "./child.ts";
import type { Migrated } from "./results.ts";

const pollMs = 100;

/** One whole migration as an API client would start it. */
async function migrate(input: { index: string }): Promise<Migrated> {
  const built = container();
  const id = `bench-${input.index}`;
  await startJob(built, id, jobInput.parse({ type: "migrate", ...input }));
  const job = await ended(id);
  if (job.state !== "succeeded") throw new Error(job.error?.message ?? job.state);
  const { value } = await built.registry.get(input.index);
  if (!value.published) throw new Error("nothing was published");
  const bytes = await bytesStored(value.published.bucket, input.index);
  await built.close();
  return {
    rows: job.rows.done,
    phases: Object.fromEntries(job.phases.map(({ name, ms }) => [name, ms])),
    peakRssBytes: process.resourceUsage().maxRSS * 1_024,
    bytesOnDisk: bytes,
    type: value.published.indexType,
    parameters: value.published.indexParameters,
    searchDefaults: value.published.searchDefaults,
    unrefinedDefaults: value.published.unrefinedDefaults,
    recall: value.published.recall.measured,
  };
}

async function ended(id: string): Promise<Job> {
  const { ledger, workflow } = container();
  for (;;) {
    const job = await getJob(ledger, workflow, id);
    if (job.state !== "running") return job;
    await sleep(pollMs);
  }
}

async function bytesStored(bucket: string, index: string): Promise<number> {
  const objects = await container().stores(bucket).list(`lance/${index}/`);
  return objects.reduce((sum, { bytes }) => sum + bytes, 0);
}

await answerParent(migrate);
