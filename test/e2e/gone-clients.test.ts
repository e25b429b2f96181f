import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { HttpClient } from "../support/http-client.ts";
import { type OfflineApi, startOffline } from "../support/offline-server.ts";
import { sampleRows, writeParquetFile } from "../support/parquet-files.ts";

const dimension = 32;

let root: string;
let api: OfflineApi;
let http: HttpClient;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "gone-"));
  await writeParquetFile(join(root, "_testing/sources/rows.parquet"), sampleRows(3_000, dimension));
  api = await startOffline({ DATA_ROOT: root });
  http = new HttpClient(api.url);
  await http.migrate("rows", "testing/sources/rows.parquet", { indexType: "IVF_RQ" });
});

afterAll(async () => {
  await api?.stop();
  await rm(root, { recursive: true, force: true });
});

interface Line {
  operation: string;
  status: number;
}

/** The log's lines about searches, once there are so many. */
async function searchLines(count: number): Promise<Line[]> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const lines = api
      .logs()
      .split("\n")
      .filter((line) => line.startsWith("{") && line.endsWith("}"));
    const searches = lines
      .map((line): Line => JSON.parse(line))
      .filter(({ operation }) => operation === "search");
    if (searches.length >= count) return searches;
    if (Date.now() > deadline) throw new Error(`${searches.length} of ${count} searches are logged`);
    await sleep(50);
  }
}

test("of searches whose clients go away those that wait never begin, and the next one is answered", async () => {
  const client = new AbortController();
  const body = JSON.stringify({ vector: new Array(dimension).fill(0.5), k: 1_000, refineFactor: 256 });
  const headers = { "content-type": "application/json" };
  const init = { method: "POST", body, headers, signal: client.signal };
  const sent = Array.from({ length: 150 }, () =>
    fetch(`${api.url}/indexes/rows/search`, init).catch(() => undefined),
  );
  await searchLines(1);
  client.abort();
  await Promise.all(sent);
  const found = await http.search("rows", { vector: new Array(dimension).fill(0.5), k: 1 });
  expect(found.status).toBe(200);
  const statuses = (await searchLines(20)).map(({ status }) => status);
  expect(new Set(statuses)).toEqual(new Set([200, 499]));
  expect(statuses.filter((status) => status === 499).length).toBeGreaterThan(
    statuses.filter((status) => status === 200).length,
  );
});
