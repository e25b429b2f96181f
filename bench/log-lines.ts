import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { limits } from "../lib/config/limits.ts";
import { logger } from "../lib/telemetry.ts";
import { fittingRequests, type KeyedApi, openKeyedApi } from "../test/support/keyed-api.ts";
import { withStore } from "./bench-store.ts";
import { medianOf } from "./percentiles.ts";
import { lakehouseOnStore } from "./sections/cold.ts";
import { tableOf } from "./sections/section.ts";

/**
 * `node bench/log-lines.ts`: how long the lines are that requests write, by what CloudWatch asks for a GB of them. Handlers
 * run on MinIO with the variables and the context of Lambda's runtime, which make up a part of each line.
 */
const gigabyteDollars = 0.5;
const index = "docs-of-some-customer";
const repeats = 20;
const awsRequestId = "0d3fc690-328d-4de1-96d3-0c16ddb874c1";

const routes = {
  "a write of a document": "writeDocuments",
  "a search": "search",
  "a document by its id": "fetchDocument",
  "a page of documents": "listDocuments",
} as const;

interface Lines {
  request: number[];
  audit: number[];
}

process.env["_X_AMZN_TRACE_ID"] =
  "Root=1-67a1b2c3-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=0;Lineage=1:01234567:0";
await withStore(async (store) => {
  const api = await openKeyedApi(await lakehouseOnStore({ store }));
  try {
    await api.makeIndex(index);
    await setTimeout(2 * limits.eventualStalenessMs); // until then the container may still see it empty
    const rows: [string, Lines][] = [];
    for (const [name, operation] of Object.entries(routes)) rows.push([name, await linesOf(api, operation)]);
    await report(rows);
  } finally {
    await api.close();
  }
});

async function linesOf(api: KeyedApi, operation: (typeof routes)[keyof typeof routes]): Promise<Lines> {
  const lines: Lines = { request: [], audit: [] };
  const printed: string[] = [];
  const write = process.stdout.write;
  process.stdout.write = (text: string | Uint8Array) => printed.push(String(text)) > 0;
  logger.setLogLevel("INFO");
  try {
    const headers = { "x-correlation-id": awsRequestId };
    for (let i = 0; i < repeats; i++)
      await api.ask(api.everything, operation, { ...fittingRequests(index)[operation], headers });
  } finally {
    process.stdout.write = write;
  }
  for (const line of printed.join("").split("\n").filter(Boolean)) {
    const { message } = JSON.parse(line) as { message: keyof Lines };
    lines[message]?.push(Buffer.byteLength(line));
  }
  return lines;
}

async function report(rows: [string, Lines][]): Promise<void> {
  const header = ["a line of", "bytes, p50", "least", "most", "a million, taken in", "and to the audit"];
  const cells = rows.map(([name, { request, audit }]) => [
    name,
    `${medianOf(request)}`,
    `${Math.min(...request)}`,
    `${Math.max(...request)}`,
    dollarsOf(medianOf(request)),
    audit.length > 0 ? `${medianOf(audit)} bytes, ${dollarsOf(medianOf(audit))}` : "",
  ]);
  const file = join(import.meta.dirname, "results/log-lines.md");
  await writeFile(file, `# Lines of the log\n\n${tableOf(header, cells)}\n`);
}

/** Of a million such lines. */
function dollarsOf(bytes: number): string {
  return `$${((bytes / 1_000) * gigabyteDollars).toFixed(2)}`;
}
