import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { OperationName } from "../../lib/http/operations.ts";
import { logger } from "../../lib/telemetry.ts";
import {
  fittingRequests,
  grantOf,
  type KeyedApi,
  openKeyedApi,
  operationNames,
  type Sent,
} from "../support/keyed-api.ts";
import { runJob } from "../support/lakehouse.ts";
import { parquetBytes, sampleRows } from "../support/parquet-files.ts";

/** What is sent and stored is in no line of the log, and makes none of its own. */
let api: KeyedApi;
let printed = "";
const secrets = { AWS_SECRET_ACCESS_KEY: "mark-of-a-secret", AWS_SESSION_TOKEN: "mark-of-a-session" };

beforeAll(async () => {
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, "write").mockImplementation((text) => {
      printed += String(text);
      return true;
    });
  logger.setLogLevel("INFO");
  api = await openKeyedApi({ AWS_ACCESS_KEY_ID: "mark-of-an-id", ...secrets });
  await api.makeIndex("docs");
});
afterAll(async () => {
  vi.restoreAllMocks();
  await api?.close();
});

const names = operationNames.filter((name) => name !== "dropIndex");
const lines = () => printed.split("\n").filter((line) => line !== "");

/** Line ends of any kind, and what a terminal obeys. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const obeyed = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

test("nothing that a request holds makes a line of its own, or what a terminal obeys", async () => {
  const forged = '\r\n{"level":"INFO","message":"audit","who":"forged"}\r\n';
  const others = [
    "\u001b[31mred\u001b[0m",
    "\u009b31m",
    "a\u2028b\u2029c",
    "\u202egnp.exe",
    "\u0000",
    "\u007f",
  ];
  for (const text of [forged, others.join()]) {
    const headers = {
      ...{ "x-correlation-id": text, "x-request-id": text, "user-agent": text, "idempotency-key": text },
      ...{ [text]: text, "x-amzn-trace-id": text },
    };
    const path = { index: text, docId: text, id: text };
    for (const name of names) {
      const fitting = fittingRequests("docs")[name];
      const several: Sent[] = [
        { ...fitting, path, headers },
        { ...fitting, headers },
        { ...fitting, query: { [text]: text } },
      ];
      for (const sent of several) {
        const answer = await api.ask(api.everything, name, sent);
        for (const [header, value] of Object.entries(answer.headers))
          expect(`${header}: ${value}`).not.toMatch(obeyed);
      }
    }
    const documents = [{ doc_id: `new ${text}`, vector: [1, 1], text }];
    await api.ask(api.everything, "writeDocuments", { path: { index: "docs" }, body: { documents } });
  }
  logger.info("audit", { who: others.join(), error: new Error(others.join()) });
  expect(lines().length).toBeGreaterThan(100);
  for (const line of lines()) expect(JSON.parse(line)).toHaveProperty("message");
  expect(obeyed.exec(printed.replaceAll("\n", ""))?.[0]).toBeUndefined();
  expect(lines().filter((line) => JSON.parse(line).who === "forged")).toEqual([]);
});

test("neither keys nor credentials, nor ids, vectors, texts, filters or files, are in logs or in others' answers", async () => {
  printed = "";
  const marked = "mark-of-a-";
  const key = await api.made(grantOf(["search", "read", "write", "jobs"], ["docs"], ["testing"]));
  const secret = key.split("_").slice(2).join("_");
  const path = { index: "docs", docId: `${marked}id` };
  const vector = [0.987654321, 0.123456789];
  const document = { doc_id: `${marked}id`, vector, text: `${marked}text` };
  const filter = { op: "eq", column: "text", value: `${marked}filter` };
  const headers = { "idempotency-key": `${marked}once`, cookie: `${marked}cookie` };
  const told: string[] = [];
  const ask = async (name: OperationName, sent: Sent, by = key) =>
    told.push(JSON.stringify(await api.ask(by, name, sent)));
  const write = { path, body: { documents: [document] }, headers };
  await ask("writeDocuments", write);
  await ask("writeDocuments", { ...write, body: { documents: [{ ...document, vector: [1] }] } });
  await ask("writeDocuments", { ...write, raw: `{"${marked}torn` });
  await ask("search", { path, body: { vector, filter } });
  await ask("search", {
    path,
    body: { vector: [...vector, `${marked}number`], filter: { ...filter, column: "none" } },
  });
  await ask("patchDocument", { path, body: { set: { text: `${marked}patch` } } });
  await ask("deleteDocument", { path, headers });
  await ask("listIndexes", {}, `${key}x`);
  await ask("listDocuments", { path, query: { filter: JSON.stringify(filter), cursor: `${marked}cursor` } });
  await mkdir(join(api.root, "_testing"), { recursive: true });
  const rows = sampleRows(10).map((row) => ({ ...row, doc_id: `${marked}row` }));
  await writeFile(join(api.root, `_testing/${marked}file.parquet`), parquetBytes(rows));
  await runJob(api.container, { type: "migrate", index: "jobs", source: `testing/${marked}file.parquet` });
  const stored = join(api.root, "registry/indexes");
  await writeFile(join(stored, "torn.json"), `{"name":"${marked}stored`);
  await ask("getIndex", { path: { index: "torn" } }, api.everything);
  expect(lines().length).toBeGreaterThan(10);
  const log = printed;
  for (const hidden of [marked, secret, "0.987654321", "0.123456789"]) expect(log).not.toContain(hidden);
  for (const answer of told)
    for (const hidden of [
      secret,
      ...Object.values(secrets),
      "mark-of-an-id",
      `${marked}stored`,
      `${marked}once`,
    ])
      expect(answer).not.toContain(hidden);
});
