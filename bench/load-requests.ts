import { migrateInput } from "../lib/domain/jobs/job.ts";
import { loadUnits } from "../lib/domain/load/load-units.ts";
import { planMigration } from "../lib/domain/plan/plan-migration.ts";
import { developmentRun } from "../scripts/stack/folders.ts";
import { Stack } from "../scripts/stack/stack.ts";
import { FaultProxy } from "../test/support/fault-proxy.ts";
import { parquetBytes, sampleRows } from "../test/support/parquet-files.ts";
import { createS3Lakehouse } from "../test/support/s3-lakehouse.ts";

/**
 * What a unit of a load costs a store: time, requests by kind, and bytes, of which those of the manifest grow with the
 * units before it. `npm run stack` first.
 */
const { endpoints, credentials } = new Stack(developmentRun);
const proxy = await FaultProxy.start(endpoints.minio);
const context = { signal: new AbortController().signal, remainingMs: () => Number.POSITIVE_INFINITY };
const counts = (process.argv[2] ?? "10,50,250").split(",").map(Number);
for (const units of counts) console.log(await costOf(units));
await proxy.stop();
process.exit();

async function costOf(units: number): Promise<string> {
  const lakehouse = await createS3Lakehouse({ endpoint: proxy.endpoint, credentials });
  try {
    for (let file = 0; file < units; file++)
      await lakehouse
        .stores(lakehouse.bucket)
        .put(`source/${file}.parquet`, parquetBytes(sampleRows(500, 32, `${file}-`)));
    const container = lakehouse.open();
    const source = `${lakehouse.bucket}/source`;
    const input = migrateInput.parse({ type: "migrate", index: "docs", source, bucket: lakehouse.bucket });
    await container.ledger.register("job", input);
    const plan = await planMigration(container, "job", input, context);
    proxy.resetCounts();
    const started = performance.now();
    await loadUnits(container, "job", plan, 0, context);
    return line(units, performance.now() - started);
  } finally {
    await lakehouse.remove();
  }
}

function line(units: number, ms: number): string {
  const { operations, bytesUp } = proxy.counts;
  const requests = Object.entries(operations).map(([name, count]) => `${name} ${(count / units).toFixed(1)}`);
  return `${units} units: each ${(ms / units).toFixed(0)} ms, ${(bytesUp / units / 1_024).toFixed(0)} KB up, ${requests.join(", ")}`;
}
