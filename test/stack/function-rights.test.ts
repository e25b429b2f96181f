import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Grant } from "../../lib/domain/access/grants.ts";
import { KeyRegistry } from "../../lib/domain/access/key-registry.ts";
import { packagedTemplate, type Template } from "../../scripts/bundle/package-stage.ts";
import { apiKey, EmbeddingServer } from "../support/embedding-server.ts";
import { covers, isAllowed, type Right, rightsOf } from "../support/iam-rights.ts";
import { parquetBytes, sampleRows } from "../support/parquet-files.ts";
import { RecordedFunctions } from "../support/recorded-functions.ts";
import { theStack } from "../support/stack.ts";
import { stackStores } from "../support/stack-stores.ts";
import { unusedRights } from "../support/unused-rights.ts";

const stores = stackStores();
const index = `rights-${process.pid}`;
const folder = `rights-${process.pid}/`;
const rows = sampleRows(300, 8);
const everything: Grant = {
  actions: ["search", "read", "write", "jobs", "admin"],
  indexes: ["*"],
  buckets: ["*"],
};
const isOver = ({ state }: { state: string }) => state !== "running";

let template: Template;
let functions: RecordedFunctions;
let keyId: string;
let providers: EmbeddingServer;
let root: string;

const parameter = `/serverless-lance/${index}`;

beforeAll(async () => {
  providers = await EmbeddingServer.start();
  root = await mkdtemp(join(tmpdir(), "rights-"));
  const lakehouse = join(root, "lakehouse.toml");
  await writeFile(lakehouse, `${await readFile("localstack/lakehouse.toml", "utf8")}\n${declared()}`);
  await inSsm("PutParameter", { Name: parameter, Type: "SecureString", Value: apiKey });
  template = await packagedTemplate("local", {}, lakehouse);
  const keys = new KeyRegistry(stores("primary"), { now: () => Date.now() });
  const { id, key } = await keys.create({ name: "rights", grants: [everything] });
  keyId = id;
  functions = new RecordedFunctions(theStack(), template, { "x-api-key": key });
  const variables = { LAKEHOUSE_AUTH: "keys", RETIRE_AFTER_MS: "0", LAKEHOUSE_TOML: lakehouse };
  await functions.start(variables, providers.url);
  await stores("source").put(`${folder}rows.parquet`, parquetBytes(rows));
  await everyRoute();
  await everyTask();
  await everyProvider();
  await stores("primary").deletePrefix(`registry/keys/${keyId}`);
}, 300_000);

afterAll(async () => {
  await functions?.stop();
  await stores("source").deletePrefix(folder);
  await stores("primary").deletePrefix(`exports/${folder}`);
  await inSsm("DeleteParameter", { Name: parameter });
  await providers.stop();
  await rm(root, { recursive: true, force: true });
});

/** A provider whose key SSM holds, and a model of Bedrock, which here says no. */
const declared = () =>
  [
    providers.declared("words", "dimension = 16").replace(/credentials.*/, `key_parameter = "${parameter}"`),
    '[rerank.best]\nkind = "bedrock"\nmodel = "cohere.rerank-v3-5:0"\n',
  ].join("\n");

async function inSsm(action: string, asked: object): Promise<void> {
  const headers = {
    "content-type": "application/x-amz-json-1.1",
    "x-amz-target": `AmazonSSM.${action}`,
    authorization: "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/ssm/aws4_request",
  };
  const answer = await fetch(theStack().endpoints.localstack, {
    method: "POST",
    headers,
    body: JSON.stringify(asked),
  });
  expect([action, answer.status]).toEqual([action, 200]);
}

async function everyRoute(): Promise<void> {
  const documents = `${index}-documents`;
  const one = { index: documents, docId: "a/1" };
  const vector = rows[0]?.vector;
  const call: RecordedFunctions["call"] = async (...asked) => {
    const answer = await functions.call(...asked);
    expect([asked[0], answer.status, answer.body]).toEqual([
      asked[0],
      expect.toSatisfy((status) => status < 400),
      answer.body,
    ]);
    return answer;
  };
  for (const name of ["health", "openapi", "listBuckets"] as const) await call(name);
  await functions.send("GET", "/nowhere");
  await call("createIndex", {}, { body: { name: documents, dimension: 8 } });
  const written = ["a/1", "a/2", "a/3"].map((doc_id) => ({ doc_id, vector }));
  const headers = { "idempotency-key": "once" };
  await call("writeDocuments", one, { body: { documents: written }, headers });
  await call("patchDocument", one, { body: { set: { vector } } });
  await call("deleteDocument", { ...one, docId: "a/2" });
  await call("deleteDocuments", one, { body: { ids: ["a/3"] } });
  await call("fetchDocument", one, { query: "?consistency=strong" });
  await call("fetchDocuments", one, { body: { ids: ["a/1"] } });
  await call("listDocuments", one);
  await call("warmIndex", one);
  await call("measureRecall", one, { body: { k: 3, queries: 5 } });
  await functions.search(documents, { vector, consistency: "strong" });
  await call("changeIndex", one, { body: { retentionDays: 3 } });
  await call("getIndex", one);
  await call("listVersions", one);
  await call("listIndexes");
  await functions.invoke("CatchUpLambdaFunction", {});
  await call("dropIndex", one);
  const { body: made } = await call("createKey", {}, { body: { name: "made", grants: [everything] } });
  await call("rotateKey", { id: made.id });
  await call("listKeys");
  await call("revokeKey", { id: made.id });
}

async function everyProvider(): Promise<void> {
  const embedding = { provider: "words", column: "text" };
  const name = `${index}-words`;
  const columns = [{ name: "text", type: "Utf8" }];
  const created = await functions.call("createIndex", {}, { body: { name, columns, embedding } });
  expect(created.status).toBe(201);
  const written = { documents: [{ doc_id: "a", text: "some words" }] };
  expect((await functions.call("writeDocuments", { index: name }, { body: written })).status).toBe(200);
  const rerank = { provider: "best", column: "text", optional: true };
  const asked = { text: "words", k: 1, consistency: "strong", rerank };
  const found = await functions.call("search", { index: name }, { body: asked });
  expect(found.body).toMatchObject({ hits: [{ doc_id: "a" }], performance: { reranked: false } });
  await functions.call("dropIndex", { index: name });
  await stores("source").put(
    `${folder}words.parquet`,
    parquetBytes([{ doc_id: "b", text: "other words" }] as never, { names: ["doc_id", "text"] }),
  );
  const source = `source/${folder}words.parquet`;
  const { body } = await functions.startJob({ type: "migrate", index: name, source, embedding });
  expect((await functions.jobWhen(body.id, isOver, 120_000)).error).toBeNull();
  expect(providers.texts).toEqual(["some words", "words", "other words"]);
  await functions.call("dropIndex", { index: name });
}

async function everyTask(): Promise<void> {
  const source = `source/${folder}rows.parquet`;
  const done = async (body: object) => {
    const { status, body: started } = await functions.startJob({ index, ...body });
    expect([status, started]).toEqual([202, started]);
    return functions.jobWhen(started.id, isOver, 120_000);
  };
  const migrate = { type: "migrate", source, indexType: "IVF_FLAT" };
  expect((await done(migrate)).error).toBeNull();
  await functions.search(index, { vector: rows[0]?.vector });
  expect((await done({ type: "build-index", indexType: "IVF_FLAT" })).error).toBeNull();
  const target = `primary/exports/${folder.slice(0, -1)}`;
  expect((await done({ type: "export", target })).error).toBeNull();
  expect((await done({ type: "migrate", source: "source/nothing" })).state).toBe("failed");
  const { body } = await functions.startJob({ index, ...migrate });
  await functions.call("cancelJob", { id: body.id });
  await functions.call("listJobs");
  await functions.call("dropIndex", { index });
}

const functionIds = () =>
  Object.entries(template.Resources).flatMap(([id, { Type }]) =>
    Type === "AWS::Lambda::Function" ? [id] : [],
  );

/** Beside its log and its traces. */
const allowedTo = (id: string) =>
  rightsOf(template, id).filter(({ effect, action }) => effect === "Allow" && !/^(logs|xray):/.test(action));

/** Without the bucket: a right is for all that are declared, and few of them are used here. */
const nameOf = (id: string, { action, resource }: Pick<Right, "action" | "resource">) =>
  [
    id.replace("LambdaFunction", ""),
    action,
    resource.replace(/^arn:aws:s3:::[^/]+/, "").replace(/^arn:aws:states:.*:([\w-]+)-local-/, "$1 "),
  ].join(" ");

describe("what each function asked of the store, Step Functions, SSM and Bedrock, over every route and task,", () => {
  test("is allowed by its role", () => {
    const refused = functionIds().flatMap((id) => {
      const rights = rightsOf(template, id);
      const calls = functions.calls.get(id) ?? [];
      return calls.filter((call) => !isAllowed(rights, call)).map((call) => nameOf(id, call));
    });
    expect([...new Set(refused)]).toEqual([]);
  });

  test("is all that its role allows, but for what has its reason", () => {
    const without = functionIds().flatMap((id) => {
      const calls = functions.calls.get(id) ?? [];
      const used = new Set(
        allowedTo(id).flatMap((right) =>
          calls.some((call) => covers(right, call)) ? [nameOf(id, right)] : [],
        ),
      );
      return allowedTo(id)
        .map((right) => nameOf(id, right))
        .filter((name) => !used.has(name));
    });
    expect([...new Set(without)].filter((name) => !unusedRights.has(name))).toEqual([]);
  });

  test("and no reason is given for what is not allowed", () => {
    const allowed = functionIds().flatMap((id) => allowedTo(id).map((right) => nameOf(id, right)));
    expect([...unusedRights.keys()].filter((name) => !allowed.includes(name))).toEqual([]);
  });
});
