import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type KeyedApi, openKeyedApi, outcome } from "../support/keyed-api.ts";
import { runJob } from "../support/lakehouse.ts";
import { anatomyOf } from "../support/parquet-anatomy.ts";
import { withFooterPart } from "../support/parquet-bombs.ts";
import { parquetBytes, sampleRows } from "../support/parquet-files.ts";

/** API7:2023 Server side request forgery: nothing that is sent or stored is an address that is asked, or a path that is opened. */
let api: KeyedApi;
let outside: string;
let sources: string;
let canary: Server;
const asked: string[] = [];

beforeAll(async () => {
  canary = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.end();
  });
  await new Promise<void>((listening) => canary.listen(0, "127.0.0.1", listening));
  api = await openKeyedApi();
  await api.makeIndex("docs");
  sources = join(api.root, "_testing");
  outside = await mkdtemp(join(tmpdir(), "outside-"));
  await mkdir(sources, { recursive: true });
  await writeFile(join(outside, "secret.parquet"), parquetBytes(sampleRows(10)));
});
afterAll(async () => {
  await api?.close();
  canary?.close();
  await rm(outside, { recursive: true, force: true });
});
afterEach(() => expect(asked).toEqual([]));

const address = () => `http://127.0.0.1:${(canary.address() as AddressInfo).port}`;
const start = (body: object) =>
  api.ask(api.everything, "startJob", { body: { type: "migrate", index: "stolen", ...body } });

test.each([
  ...[
    "http://127.0.0.1:PORT/a.parquet",
    "//127.0.0.1:PORT/a.parquet",
    "http:/127.0.0.1:PORT/a.parquet",
    "127.0.0.1:PORT/a",
  ],
  ...[
    "http://169.254.169.254/latest/meta-data",
    "169.254.169.254/latest",
    "http://[::ffff:127.0.0.1]:PORT/a",
    "localhost:PORT/a",
  ],
  ...[
    "file:///etc/passwd",
    "file:/etc/passwd",
    "s3://bucket/key",
    "s3:/bucket/key",
    "gs:/bucket/key",
    "memory:/a",
    "data:/,a",
  ],
  ...[
    "/etc/passwd",
    "testing//etc/passwd",
    "testing/../../etc/passwd",
    "testing/a/../../../etc",
    "testing/./a",
    "../testing/a",
  ],
  ...[
    "testing/..",
    "testing/a\\..\\..\\b",
    "testing/a\0b",
    "testing/a\nb",
    "TESTING/a",
    "testing",
    "",
    "testing/",
    "~/a",
    "*/a",
  ],
])("the source %j is none", async (source) => {
  const { port } = canary.address() as AddressInfo;
  const answer = await start({ source: source.replace("PORT", `${port}`) });
  expect([400, 404]).toContain(answer.status);
  expect(answer.body.code).toMatch(/^(bad-request|bucket-not-found)$/);
});

test.each([
  "testing/%2e%2e/%2e%2e/etc/passwd",
  "testing/..%2f..%2fetc%2fpasswd",
  "testing/%252e%252e/a",
  "testing/\uff0e\uff0e/a",
  "testing/.../a",
  "testing/http:/a",
  "testing/$HOME/a",
])("%j is a name like any other, under which there is nothing", async (source) => {
  const { error } = await runJob(api.container, { type: "migrate", index: "stolen", source });
  expect(error?.code).toBe("source-invalid");
  expect(error?.message).toContain("there is no such file or prefix");
});

test("the bucket of an index is one that is registered, by its name alone", async () => {
  for (const bucket of [
    address(),
    "s3://bucket",
    "../testing",
    "/tmp",
    "testing/../primary",
    "__proto__",
    "constructor",
  ]) {
    const made = await api.ask(api.everything, "createIndex", {
      body: { name: "elsewhere", dimension: 2, bucket },
    });
    expect([400, 404]).toContain(made.status);
    expect([400, 404]).toContain((await start({ source: "testing/a", bucket })).status);
  }
});

test("no field of a job or an index is an endpoint, a region, credentials or an address to be told", async () => {
  for (const field of [
    "endpoint",
    "region",
    "url",
    "callback",
    "webhook",
    "accessKeyId",
    "storageOptions",
    "path",
  ]) {
    expect(outcome(await start({ source: "testing/a", [field]: address() }))).toEqual([400, "bad-request"]);
    const body = { name: "elsewhere", dimension: 2, [field]: address() };
    expect(outcome(await api.ask(api.everything, "createIndex", { body }))).toEqual([400, "bad-request"]);
  }
});

test("links that lead out of a bucket are not followed by a job, and name nothing of what is there", async () => {
  await mkdir(join(sources, "linked"));
  await symlink(join(outside, "secret.parquet"), join(sources, "linked/a.parquet"));
  await symlink(outside, join(sources, "folder"));
  await symlink("../../../../../../../../../etc/passwd", join(sources, "passwd.parquet"));
  for (const source of ["linked", "linked/a.parquet", "folder", "folder/secret.parquet", "passwd.parquet"]) {
    const { state, error } = await runJob(api.container, {
      type: "migrate",
      index: "stolen",
      source: `testing/${source}`,
    });
    expect([state, error?.code], source).toEqual(["failed", "outside-bucket"]);
    expect(error?.message).not.toContain(outside);
  }
});

test("a file that says its columns are in another file, or at an address, is read from itself or refused", async () => {
  const good = parquetBytes(sampleRows(10));
  const offset = anatomyOf(good).footer.numbers.find(({ path }) => path === "4.0.1.0.2");
  if (!offset) throw new Error("there is no column");
  await mkdir(join(sources, "elsewhere"));
  for (const place of [join(outside, "secret.parquet"), "../../outside", `${address()}/secret.parquet`]) {
    const text = Buffer.from(place);
    const put = Buffer.concat([Uint8Array.of(0x18, text.length), text, Uint8Array.of(0x16)]); // a string as field 1, then 2
    await writeFile(
      join(sources, "elsewhere/a.parquet"),
      withFooterPart(good, offset.start - 1, offset.start, put),
    );
    const { state, error } = await runJob(api.container, {
      type: "migrate",
      index: "elsewhere",
      source: "testing/elsewhere",
    });
    if (state === "failed") expect(error?.code).toBe("source-invalid");
  }
});
