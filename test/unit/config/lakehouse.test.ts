import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readEnvironment } from "../../../lib/config/environment.ts";
import { loadBuckets } from "../../../lib/config/lakehouse.ts";
import { lanceUriFor } from "../../../lib/domain/bucket.ts";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "config-"));
});

afterEach(() => rm(root, { recursive: true, force: true }));

async function buckets(toml: string, variables: Record<string, string> = {}) {
  await writeFile(join(root, "lakehouse.toml"), toml);
  return loadBuckets(readEnvironment(variables), root);
}

const bucket = (name: string, more = "") => `[[storage.buckets]]\nname = "${name}"\n${more}\n`;

describe("the database of an index lies at", () => {
  const s3 = 'backend = "s3"\nbucket = "vectors"';
  test.each([
    ["s3:lakehouse", "", "s3://lakehouse/lance/docs"],
    ["s3:lakehouse", 'backend = "s3"', "s3://lakehouse/lance/docs"],
    ["archive", s3, "s3://vectors/lance/docs"],
    ["archive", `${s3}\nprefix = "team-a/prod"`, "s3://vectors/team-a/prod/lance/docs"],
    ["primary", "", "{dataRoot}/lance/docs"],
    ["rescue", "", "{dataRoot}/_rescue/lance/docs"],
    ["testing", "", "{dataRoot}/_testing/lance/docs"],
    ["profile:x", "", "{dataRoot}/_profiles/profile_x/lance/docs"],
    ["tenant:a", "", "{dataRoot}/_buckets/tenant_a/lance/docs"],
    ["other", "", "{dataRoot}/_buckets/other/lance/docs"],
    ["corpus", 'path = "corpora/one"', "{config}/corpora/one/lance/docs"],
  ])("%s %s", async (name, more, expected) => {
    const registered = await buckets(bucket(name, more));
    const uri = expected.replace("{dataRoot}", join(root, "data")).replace("{config}", root);
    expect(lanceUriFor(registered, name, "docs")).toBe(uri);
  });
});

test("an alias that is not registered is refused with the registered ones, and nothing is created", async () => {
  const registered = await buckets(bucket("primary") + bucket("testing"));
  const before = await readdir(root);
  expect(() => lanceUriFor(registered, "tseting", "docs")).toThrow(
    'bucket "tseting" is not registered; registered are: primary, testing',
  );
  expect(await readdir(root)).toEqual(before);
});

test("without a file there is the primary bucket, in ./data or where DATA_ROOT says", () => {
  expect(lanceUriFor(loadBuckets(readEnvironment({}), root), "primary", "docs")).toBe(
    join(root, "data/lance/docs"),
  );
  const moved = loadBuckets(readEnvironment({ DATA_ROOT: "/srv/lake" }), root);
  expect(lanceUriFor(moved, "primary", "docs")).toBe("/srv/lake/lance/docs");
});

test("an S3 bucket takes what it does not say from the AWS variables", async () => {
  const toml =
    bucket("s3:plain") + bucket("s3:told", 'region = "eu-central-1"\nendpoint = "http://127.0.0.1:9000"');
  const variables = {
    AWS_REGION: "eu-west-1",
    AWS_ENDPOINT: "https://store.example",
    AWS_ALLOW_HTTP: "true",
  };
  const registered = await buckets(toml, variables);
  expect(registered.get("s3:plain")).toMatchObject({
    region: "eu-west-1",
    endpoint: "https://store.example",
  });
  expect(registered.get("s3:told")).toMatchObject({
    region: "eu-central-1",
    endpoint: "http://127.0.0.1:9000",
    allowHttp: true,
  });
});

test("every problem is reported at once, by field", async () => {
  const toml = [
    '[storage]\nroot = "x"',
    bucket("Upper"),
    bucket("s3:fine", 'endpoint = "ftp://x"\nprefix = "../up"'),
    bucket("archive", 'backend = "s3"'),
    bucket("other", 'backend = "gcs"'),
  ].join("\n");
  const failure = await buckets(toml).catch((error) => error);
  expect(failure).toMatchObject({ kind: "ConfigInvalid" });
  expect(failure.issues.map(({ path }: { path: string }) => path).sort()).toEqual([
    "storage.buckets[0].name",
    "storage.buckets[1].endpoint",
    "storage.buckets[1].prefix",
    "storage.buckets[2].bucket",
    "storage.buckets[3].backend",
    "storage.root",
  ]);
  for (const { path } of failure.issues) expect(failure.message).toContain(path);
});

test("a file that is not TOML is refused with its line", async () => {
  await expect(buckets("[storage\n")).rejects.toMatchObject({
    kind: "ConfigInvalid",
    issues: [{ path: expect.stringContaining("line 1") }],
  });
});

test("two aliases must not share a name or a root: a drop in one would delete the other's data", async () => {
  await expect(buckets(bucket("a:b") + bucket("a_b"))).rejects.toThrow('has the same root as "a:b"');
  await expect(buckets(bucket("a") + bucket("a"))).rejects.toThrow('"a" is declared twice');
});

test("the environment is checked as a whole, too", () => {
  expect(() => readEnvironment({ WORKFLOW: "cron", REQUEST_TIMEOUT_MS: "soon" })).toThrow(
    /WORKFLOW[\s\S]*REQUEST_TIMEOUT_MS/,
  );
});

test("a file that is named and not there is no empty lakehouse", () => {
  const missing = readEnvironment({ LAKEHOUSE_TOML: join(root, "missing.toml") });
  expect(() => loadBuckets(missing, root)).toThrow(/missing\.toml, which is not there/);
});

describe("the credentials of a bucket", () => {
  const toml = bucket("s3:lake", 'credentials = "minio"');

  test("come from the variables that it names", async () => {
    const registered = await buckets(toml, {
      MINIO_ACCESS_KEY_ID: "id",
      MINIO_SECRET_ACCESS_KEY: "secret",
      MINIO_SESSION_TOKEN: "token",
    });
    expect(registered.get("s3:lake").credentials).toEqual({
      accessKeyId: "id",
      secretAccessKey: "secret",
      sessionToken: "token",
    });
  });

  test("that are not set are asked for by name", async () => {
    await expect(buckets(toml, { MINIO_ACCESS_KEY_ID: "id" })).rejects.toMatchObject({
      kind: "ConfigInvalid",
      issues: [
        {
          path: "storage.buckets[0].credentials",
          message: "needs the variables MINIO_ACCESS_KEY_ID and MINIO_SECRET_ACCESS_KEY",
        },
      ],
    });
  });
});
