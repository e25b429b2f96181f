import { afterAll, beforeAll, expect, test } from "vitest";
import { storesFor } from "../../lib/adapters/store/stores.ts";
import { readEnvironment } from "../../lib/config/environment.ts";
import { loadBuckets } from "../../lib/config/lakehouse.ts";
import { EntryList } from "../../lib/domain/index/entry-list.ts";
import { IndexRegistry } from "../../lib/domain/index/index-registry.ts";
import { listIndexes } from "../../lib/domain/search/describe-index.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { writeEntries } from "../support/many-entries.ts";
import { readOnlyCredentials } from "../support/read-only-credentials.ts";
import { createS3Lakehouse, type S3Lakehouse } from "../support/s3-lakehouse.ts";
import { s3Places } from "../support/stack-stores.ts";

const count = 2_000;
const limit = 200;
const clock = { now: () => Date.now() };
let lakehouse: S3Lakehouse;
let proxy: FaultProxy;
let names: string[];

beforeAll(async () => {
  lakehouse = await createS3Lakehouse(s3Places.MinIO());
  proxy = await FaultProxy.start(s3Places.MinIO().endpoint);
  names = await writeEntries(lakehouse.stores("primary"), count);
});

afterAll(async () => {
  await proxy?.stop();
  await lakehouse?.remove();
});

/** One of a new process, through the proxy. */
function list(credentials: Record<string, string> = {}): EntryList {
  const through = { ...lakehouse.environment, AWS_ENDPOINT: proxy.endpoint, ...credentials };
  const stores = storesFor(loadBuckets(readEnvironment(through)));
  return new EntryList(stores("primary"), clock);
}

/** All pages. @returns what is listed, and the requests of each page */
async function listed(list: EntryList) {
  const [found, requests]: [string[], object[]] = [[], []];
  for (let cursor: string | undefined; ; ) {
    proxy.resetCounts();
    const { indexes, next } = await listIndexes(list, { limit, ...(cursor && { cursor }) });
    found.push(...indexes.map(({ name, state }) => `${name} ${state}`));
    requests.push(proxy.counts.operations);
    if (next === null) return { found, requests };
    cursor = next;
  }
}

test("2,000 indexes are listed with two requests a page, by whoever may write or only read", async () => {
  const ready = names.map((name) => `${name} ready`);
  const two = Array.from({ length: count / limit }, () => ({ ListObjects: 1, GetObject: 1 }));
  expect((await listed(list())).found).toEqual(ready);
  expect(await listed(list())).toEqual({ found: ready, requests: two });

  const reader = await readOnlyCredentials(s3Places.MinIO());
  const reading = list({
    STORE_ACCESS_KEY_ID: reader.accessKeyId,
    STORE_SECRET_ACCESS_KEY: reader.secretAccessKey,
    STORE_SESSION_TOKEN: reader.sessionToken ?? "",
  });
  expect(await listed(reading)).toEqual({ found: ready, requests: two });
  const registry = new IndexRegistry(lakehouse.stores("primary"), clock);
  await registry.update(names[700] ?? "", () => ({ state: "dropped" }));
  const without = ready.filter((one) => one !== `${names[700]} ready`);
  expect((await listed(reading)).found).toEqual(without);
  expect((await listed(list())).found).toEqual(without);
});
