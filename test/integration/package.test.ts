import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleFunctions, modulesOf } from "../../scripts/bundle.ts";
import { assembleLayer } from "../../scripts/layer.ts";
import type { Call } from "../support/call-bundled.ts";
import { sampleRows, writeParquetFile } from "../support/parquet-files.ts";

const deployable = process.platform === "linux" && process.arch === "x64";

/** Far from the project: nothing above it has a node_modules. */
let root: string;
let task: string;
let files: Record<string, Uint8Array>;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "package-"));
  task = join(root, "task");
  const { path } = await bundleFunctions(join(root, "functions.zip"));
  files = unzipSync(await readFile(path));
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(task, name)), { recursive: true });
    await writeFile(join(task, name), bytes);
  }
});

afterAll(() => rm(root, { recursive: true, force: true }));

test("the same code makes the same zip", async () => {
  const again = await bundleFunctions(join(root, "again.zip"));
  const both = await Promise.all([readFile(join(root, "functions.zip")), readFile(again.path)]);
  expect(both[0].equals(both[1])).toBe(true);
});

test("every function's handler is in it, with the decoder beside them and nothing of the layer", async () => {
  const names = Object.keys(files);
  expect(names).toEqual(
    expect.arrayContaining([
      "functions/search.mjs",
      "functions/task-load.mjs",
      "functions/decode-worker.mjs",
      "functions/parquet_wasm_bg.wasm",
      "functions/rehearsal.parquet",
      "functions/distance-kernel.wasm",
      "lakehouse.toml",
    ]),
  );
  expect(names.filter((name) => name.endsWith(".node"))).toEqual([]);
});

/** Bytes. */
const megabytes = 1_048_576;

test.skipIf(!deployable)("Lambda takes it beside the layer, and both as they are uploaded", async () => {
  const { bytes } = await assembleLayer();
  const unzipped = Object.values(files).reduce((sum, file) => sum + file.length, bytes);
  expect(unzipped).toBeLessThan(250 * megabytes);
  expect((await stat(join(root, "functions.zip"))).size).toBeLessThan(50 * megabytes);
});

describe.each(["search", "fetch-document"])("what %s loads at a cold start", (handler) => {
  let modules: Map<string, number>;

  beforeAll(async () => {
    modules = await modulesOf(handler);
  });

  const packages = () => {
    const named = [...modules.keys()].map((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]);
    return [...new Set(named.filter((name) => name !== undefined))].sort();
  };

  test("is what a search needs, and no other package", () => {
    expect(packages()).toEqual([
      "@aws-lambda-powertools/commons",
      "@aws-lambda-powertools/logger",
      "@aws-lambda-powertools/metrics",
      "@aws/lambda-invoke-store",
      "@lancedb/lancedb",
      "@middy/core",
      "@middy/http-header-normalizer",
      "@middy/http-json-body-parser",
      "@middy/util",
      "apache-arrow",
      "aws4",
      "flatbuffers",
      "lru-cache",
      "pbf",
      "reflect-metadata",
      "smol-toml",
      "tslib",
      "zod",
    ]);
  });

  test("is nothing that runs jobs, reads Parquet or writes", () => {
    const own = [...modules.keys()].filter((path) => path.startsWith("lib/"));
    expect(own).toContain("lib/readers.ts");
    expect(
      own.filter((path) => /^lib\/(container|task\/|adapters\/(parquet|workflow)\/)|s3-copy/.test(path)),
    ).toEqual([]);
  });

  test("is less than a megabyte", () => {
    const bytes = [...modules.values()].reduce((sum, one) => sum + one, 0);
    expect(bytes).toBeGreaterThan(100_000);
    expect(bytes).toBeLessThan(megabytes);
  });
});

describe.skipIf(!deployable)("where there is nothing but the zip and the layer", () => {
  let lambda: ChildProcess;

  beforeAll(async () => {
    await writeParquetFile(join(root, "source/rows.parquet"), sampleRows(600, 8));
    await writeFile(join(root, "lakehouse.toml"), lakehouseIn(root));
    const { modules } = await assembleLayer();
    lambda = fork(join(import.meta.dirname, "../support/call-bundled.ts"), [task], {
      execArgv: [],
      cwd: task,
      env: {
        ...process.env,
        NODE_PATH: modules,
        LAKEHOUSE_TOML: join(root, "lakehouse.toml"),
        WORKFLOW: "embedded",
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "1024",
      },
    });
  });

  afterAll(async () => {
    lambda.kill("SIGKILL");
    await once(lambda, "exit");
  });

  /** @returns status and body of the answer */
  async function call(handler: string, event: object) {
    lambda.send({ handler, event: httpEvent(event) } satisfies Call);
    const [{ answer, error }] = await once(lambda, "message");
    expect(error).toBeUndefined();
    return { status: answer.statusCode, body: JSON.parse(answer.body) };
  }

  test("a migration runs to its end, and its index is searched", async () => {
    const input = { type: "migrate", index: "rows", source: "source/rows.parquet" };
    const started = await call("start-job", { body: JSON.stringify(input) });
    expect(started).toMatchObject({ status: 202, body: { state: "running" } });
    const pathParameters = { id: started.body.id };
    let job = started.body;
    for (const until = Date.now() + 40_000; job.state === "running" && Date.now() < until; await sleep(100))
      job = (await call("get-job", { pathParameters })).body;
    expect(job).toMatchObject({ state: "succeeded", error: null, rows: { done: 600 } });

    const [row] = sampleRows(1, 8);
    const body = JSON.stringify({ vector: row?.vector, k: 3 });
    const found = await call("search", { pathParameters: { index: "rows" }, body });
    expect(found.body.hits[0]).toMatchObject({ doc_id: row?.doc_id, distance: 0 });
  });

  test("functions that touch no data answer, too", async () => {
    for (const handler of ["health", "openapi", "list-buckets", "list-indexes"])
      expect(await call(handler, {})).toMatchObject({ status: 200 });
  });
});

function lakehouseIn(folder: string): string {
  return [
    `[storage]\ndata_root = ${JSON.stringify(join(folder, "data"))}`,
    `[[storage.buckets]]\nname = "primary"`,
    `[[storage.buckets]]\nname = "source"\npath = ${JSON.stringify(join(folder, "source"))}\nread_only = true`,
  ].join("\n");
}

function httpEvent(event: object) {
  const headers = { "content-type": "application/json" };
  return { headers, requestContext: { http: {} }, isBase64Encoded: false, ...event };
}
