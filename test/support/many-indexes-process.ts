import { readdirSync } from "node:fs";
import { asDomainError } from "../../lib/domain/errors.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { createReaders } from "../../lib/readers.ts";
import type { ManyIndexesReport } from "./many-indexes.ts";

/** Searches many indexes in turn, then so many at a time, and says what that took: their number, so many, a vector. */
const [count = "", atATime = "", vector = ""] = process.argv.slice(2);

const readers = createReaders();
const names = Array.from({ length: Number(count) }, (_, i) => `many-${i}`);
const request = parseSearchRequest({ vector: JSON.parse(vector), k: 3 });
const report: ManyIndexesReport = { failures: [], descriptors: 0, rssMb: [] };

const watch = setInterval(countDescriptors, 5);
for (const name of names) {
  await search(name);
  if (name.endsWith("9")) report.rssMb.push(Math.round(process.memoryUsage.rss() / 1_048_576));
}
for (let i = 0; i < names.length; i += Number(atATime))
  await Promise.all(names.slice(i, i + Number(atATime)).map(search));
clearInterval(watch);
await readers.close();
process.stdout.write(JSON.stringify(report));

async function search(name: string): Promise<void> {
  try {
    const { hits } = await searchIndex(readers.indexes, name, request, 25_000);
    if (hits.length !== 3) report.failures.push(`${name}: ${hits.length} hits`);
  } catch (error) {
    const { kind, cause } = asDomainError(error);
    report.failures.push(`${name}: ${kind} ${cause}`);
  }
}

function countDescriptors(): void {
  report.descriptors = Math.max(report.descriptors, readdirSync("/proc/self/fd").length);
}
