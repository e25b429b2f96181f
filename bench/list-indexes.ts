import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { storesFor } from "../lib/adapters/store/stores.ts";
import { type Environment, readEnvironment } from "../lib/config/environment.ts";
import { loadBuckets } from "../lib/config/lakehouse.ts";
import { EntryList } from "../lib/domain/index/entry-list.ts";
import { IndexRegistry } from "../lib/domain/index/index-registry.ts";
import { listIndexes } from "../lib/domain/search/describe-index.ts";
import { writeEntries } from "../test/support/many-entries.ts";
import { withStore } from "./bench-store.ts";
import { machine } from "./machine.ts";
import { medianOf, timed } from "./percentiles.ts";
import { S3Like } from "./s3-like.ts";
import { lakehouseOnStore } from "./sections/cold.ts";
import { ms, tableOf } from "./sections/section.ts";

/** `node bench/list-indexes.ts`: what a page of indexes costs on a store with S3's latency. */
const count = 2_000;
const limit = 200;

interface Listed {
  ms: number[];
  requests: Record<string, number>;
}

/** @returns where the next page begins */
type ListPage = (cursor?: string) => Promise<string | null>;

const clock = { now: () => Date.now() };
const primaryOf = (environment: Environment) => storesFor(loadBuckets(environment))("primary");

await withStore(async (store) => {
  const environment = await lakehouseOnStore({ store });
  await writeEntries(primaryOf(readEnvironment(environment)), count);
  const far = await S3Like.before(store.endpoint);
  try {
    const there = readEnvironment({ ...environment, AWS_ENDPOINT: far.endpoint });
    const way = (list: ListPage) => allPages(far, list);
    const registry = new IndexRegistry(primaryOf(there), clock);
    const oneByOne = async (cursor?: string) => {
      const after = cursor && `registry/indexes/${cursor}.json`;
      const keys = await primaryOf(there).list("registry/indexes/", { after, limit: limit + 1 });
      const names = keys.map(({ key }) => key.slice("registry/indexes/".length, -".json".length));
      await Promise.all(names.map((name) => registry.get(name)));
      return names.length > limit ? (names[limit - 1] ?? null) : null;
    };
    const paged = () => {
      const entries = new EntryList(primaryOf(there), clock);
      return async (cursor?: string) =>
        (await listIndexes(entries, { limit, ...(cursor && { cursor }) })).next;
    };
    const rows: [string, Listed][] = [];
    rows.push(["each entry by itself", await way(oneByOne)]);
    rows.push(["pages, which the first list writes", await way(paged())]);
    rows.push(["pages that are there, a new process", await way(paged())]);
    await report(rows);
  } finally {
    await far.stop();
  }
});

async function allPages(far: S3Like, list: ListPage): Promise<Listed> {
  const took: number[] = [];
  far.takeCounts();
  for (let cursor: string | undefined; ; ) {
    const { result, ms: page } = await timed(() => list(cursor));
    took.push(page);
    if (result === null) return { ms: took, requests: far.takeCounts().operations };
    cursor = result;
  }
}

async function report(rows: [string, Listed][]): Promise<void> {
  const operations = ["ListObjects", "GetObject", "PutObject"];
  const table = tableOf(
    [`${count} indexes, ${limit} a page`, "a page, p50", ...operations.map((name) => `${name} a page`)],
    rows.map(([name, { ms: took, requests }]) => [
      name,
      ms(medianOf(took)),
      ...operations.map((one) => ((requests[one] ?? 0) / took.length).toFixed(1)),
    ]),
  );
  const on = Object.values(machine()).join(", ");
  const text = `# A page of GET /indexes on MinIO with S3's latency\n\n${on}.\n\n${table}\n`;
  await writeFile(join("bench", "results", "list-indexes.md"), text);
  console.log(text);
}
