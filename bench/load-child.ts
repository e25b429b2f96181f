import { container, readyDecoder } from "../lib/container.ts";
import { type MigrateInput, migrateInput } from "../lib/domain/jobs/job.ts";
import { loadUnits } from "../lib/domain/load/load-units.ts";
import { sealLoad } from "../lib/domain/load/seal-load.ts";
import { planMigration } from "../lib/domain/plan/plan-migration.ts";
import { answerParent } from "./child.ts";
import { timed } from "./percentiles.ts";
import type { Load } from "./results.ts";

interface Input {
  index: string;
  source: string;
  bucket: string;
  /** Whether the table stays for others; without it nothing is left. */
  keep?: boolean;
}

const context = { signal: new AbortController().signal, remainingMs: () => Number.POSITIVE_INFINITY };

/** The phases of a migration that write rows, without its index: what a load costs, in a process of its own. */
async function load({ keep, ...input }: Input): Promise<Load> {
  const built = container();
  const job = migrateInput.parse({ type: "migrate", ...input });
  await built.ledger.register(`bench-${job.index}`, job);
  const loaded = await phases(job);
  if (!keep) await built.stores(job.bucket).deletePrefix(`lance/${job.index}/`);
  await built.close();
  return loaded;
}

async function phases(job: MigrateInput): Promise<Load> {
  const built = container();
  const id = `bench-${job.index}`;
  const { result: planned, ms: plan } = await timed(() => planMigration(built, id, job, context));
  const { ms: load } = await timed(() => loadUnits(built, id, planned, 0, context));
  const { result, ms: compact } = await timed(() => sealLoad(built, id, planned, job));
  if (!result.sealed) throw new Error("the load was not sealed");
  const peakRssBytes = process.resourceUsage().maxRSS * 1_024;
  return { plan, load, compact, total: plan + load + compact, peakRssBytes };
}

await readyDecoder(); // as the functions do while they initialise
await answerParent(load);
