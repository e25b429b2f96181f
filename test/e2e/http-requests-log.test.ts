import { execFile } from "node:child_process";
import { mkdir, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { HttpClient } from "../support/http-client.ts";
import { type OfflineApi, startOffline } from "../support/offline-server.ts";
import { sampleRows, writeParquetFile } from "../support/parquet-files.ts";

let root: string;
let api: OfflineApi;
let http: HttpClient;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "requests-"));
  await writeParquetFile(join(root, "_testing/sources/rows.parquet"), sampleRows(10, 4));
  api = await startOffline({ DATA_ROOT: root, REQUEST_TIMEOUT_MS: "6000" });
  http = new HttpClient(api.url);
  await http.migrate("rows", "testing/sources/rows.parquet");
});

afterAll(async () => {
  await api?.stop();
  await rm(root, { recursive: true, force: true });
});

const linesIn = (log: string, correlationId: string): Record<string, unknown>[] =>
  log
    .split("\n")
    .filter((line) => line.startsWith("{") && line.includes(correlationId))
    .map((line) => JSON.parse(line));

/** The log's lines about a request, of which there is one at least; the child's output comes through a pipe. */
async function linesOf(correlationId: string): Promise<Record<string, unknown>[]> {
  const lines = () => linesIn(api.logs(), correlationId);
  await expect.poll(() => lines().length, { timeout: 20_000 }).toBeGreaterThan(0);
  await sleep(200); // for one too many
  return lines();
}

test("a request is one line of JSON, with its metrics in it and nothing of what was asked", async () => {
  const before = api.logs().length;
  const headers = {
    "x-correlation-id": "trace:one.1",
    authorization: "Bearer sesame-open",
    "idempotency-key": "keep-to-yourself",
    cookie: "session=crumbs",
  };
  const filter = { op: "eq", column: "chunk_text", value: "between-us" };
  const body = { vector: [0.123456, 0, 0, 1], k: 3, filter };
  const answer = await http.call("search", { index: "rows" }, { body, headers });
  expect(answer.headers.get("x-correlation-id")).toBe("trace:one.1");
  const [line, ...more] = await linesOf("trace:one.1");
  expect(more).toEqual([]);
  expect(line).toMatchObject({
    level: "INFO",
    service: "serverless-lance",
    operation: "search",
    status: 200,
    correlation_id: "trace:one.1",
    duration_ms: expect.any(Number),
    requests: 1,
    index: "rows",
    dollars: expect.any(Number),
    billed_ms: expect.any(Number),
    _aws: {
      CloudWatchMetrics: [
        {
          Dimensions: [["service", "operation"]],
          Metrics: expect.arrayContaining([{ Name: "duration", Unit: "Milliseconds" }]),
        },
      ],
    },
  });
  const since = api.logs().slice(before);
  expect(since.split("\n").filter((one) => one.startsWith("{"))).toHaveLength(1);
  for (const secret of ["sesame", "keep-to", "crumbs", "between-us", "0.123456"])
    expect(since).not.toContain(secret);
});

test("a name that is no index is none of the line's: metrics by index would be made of it", async () => {
  const headers = { "x-correlation-id": "made-up" };
  await http.call("search", { index: "made-up-name" }, { body: { vector: [1] }, headers });
  const [line] = await linesOf("made-up");
  expect(line).toMatchObject({ status: 404, dollars: expect.any(Number) });
  expect(line).not.toHaveProperty("index");
});

test("a refused request is one line, too, without the values that were refused", async () => {
  const headers = { "x-correlation-id": "refused" };
  const body = { vector: ["hush-hush"], filter: { op: "eq", column: "nowhere", value: "quiet" } };
  await http.call("search", { index: "rows" }, { body, headers });
  await http.call(
    "search",
    { index: "rows" },
    { raw: '{"hush-hush', headers: { ...headers, "content-type": "application/json" } },
  );
  const lines = await linesOf("refused");
  expect(lines.map(({ level, code, status }) => [level, code, status])).toEqual([
    ["WARN", "bad-request", 400],
    ["WARN", "invalid-json", 400],
  ]);
  expect(api.logs()).not.toMatch(/hush-hush|quiet/);
});

test("a job that fails is logged by its code; ids, files and what is wrong with them stand in the job", async () => {
  const rows = sampleRows(10, 4).map((row, i) => (i < 2 ? { ...row, doc_id: "undisclosed-id" } : row));
  await writeParquetFile(join(root, "_testing/sources/confidential.parquet"), rows);
  const { body } = await http.startJob({
    type: "migrate",
    index: "twice",
    source: "testing/sources/confidential.parquet",
  });
  const job = await http.jobWhen(body.id, ({ state }) => state === "failed");
  expect(job.error?.message).toMatch(
    /confidential\.parquet.*undisclosed-id|undisclosed-id.*confidential\.parquet/,
  );
  const failed = (await linesOf(body.id)).filter(({ code }) => code === "source-invalid");
  expect(failed).toMatchObject([{ level: "WARN", task: "compact", issues: 1 }]);
  expect(api.logs()).not.toMatch(/undisclosed|confidential/);
});

test.each(["", "a b", 'x"}', "{}", "é", "x".repeat(129), "%0a%0d"])(
  "the correlation id %j is replaced by one of ours",
  async (given) => {
    const answer = await http.call("health", {}, { headers: { "x-correlation-id": given } });
    expect(answer.headers.get("x-correlation-id")).toMatch(/^[0-9a-f-]{36}$/);
  },
);

test("an unknown route is logged as one", async () => {
  await http.send("GET", "/nowhere?secret=1", { headers: { "x-correlation-id": "lost" } });
  const lines = await linesOf("lost");
  expect(lines).toMatchObject([{ operation: "notFound", status: 404, code: "route-not-found" }]);
  expect(JSON.stringify(lines)).not.toContain("secret");
});

test("a store that hangs is a 504 while it hangs, logged with its cause", async () => {
  const folder = join(root, "registry/indexes");
  await mkdir(folder, { recursive: true });
  await promisify(execFile)("mkfifo", [join(folder, "stuck.json")]); // whoever reads it waits for a writer
  const answer = await http.call("getIndex", { index: "stuck" }, { headers: { "x-correlation-id": "late" } });
  await (await open(join(folder, "stuck.json"), "w")).close();
  await rm(join(folder, "stuck.json"));
  expect([answer.status, answer.body.code]).toEqual([504, "deadline-exceeded"]);
  expect(answer.headers.get("retry-after")).toBe("1");
  expect(await linesOf("late")).toMatchObject([{ level: "ERROR", status: 504, faults: 1 }]);
});
