import { createContainer } from "../../lib/container.ts";
import { jobInput } from "../../lib/domain/jobs/job.ts";
import { loadUnits } from "../../lib/domain/load/load-units.ts";
import { sealLoad } from "../../lib/domain/load/seal-load.ts";
import { planMigration } from "../../lib/domain/plan/plan-migration.ts";

/**
 * Plans, loads and seals a migration as one process, without building its index: `load-process.ts <job as JSON>`, on
 * the lakehouse of its environment. Prints the rows and the most memory it ever had.
 */
const input = jobInput.parse(JSON.parse(process.argv[2] ?? ""));
if (input.type !== "migrate") throw new Error("only a migration is loaded");
const id = `load-${input.index}`;
const container = createContainer();
const context = { signal: new AbortController().signal, remainingMs: () => Number.POSITIVE_INFINITY };
await container.ledger.register(id, input);
const planned = await planMigration(container, id, input, context);
const started = performance.now();
await loadUnits(container, id, planned, 0, context);
const loadMs = performance.now() - started;
const { sealed, rows } = await sealLoad(container, id, planned, input);
await container.close();
const { maxRSS } = process.resourceUsage();
console.log(JSON.stringify({ sealed, rows, units: planned.units.length, loadMs, peakBytes: maxRSS * 1024 }));
