import { afterAll, beforeAll, expect, test } from "vitest";
import type { Operation } from "../../lib/http/operations/operation.ts";
import { type OperationName, operations } from "../../lib/http/operations.ts";
import {
  type Answer,
  fittingRequests,
  grantOf,
  type KeyedApi,
  openKeyedApi,
  operationNames,
  outcome,
  type Sent,
} from "../support/keyed-api.ts";

/** API3:2023 Broken object property level authorization: no field is taken that is not asked for, none shown that is not meant to be. */
let api: KeyedApi;
beforeAll(async () => {
  api = await openKeyedApi();
  await api.makeIndex("docs");
});
afterAll(() => api?.close());

const withBody = operationNames.filter((name) => (operations[name] as Operation).body);
const paths = ({ body }: Answer): string[] => (body.issues ?? []).map(({ path }: { path: string }) => path);
const asRoot = (name: OperationName, sent: Sent) => api.ask(api.everything, name, sent);

test.each(withBody)("%s refuses a field that it does not know, and takes none for another", async (name) => {
  const sent = fittingRequests("docs")[name];
  for (const field of ["unknown", "id", "published", "constructor", "toString", "__proto__"]) {
    const raw = `{${JSON.stringify(field)}:{"isAdmin":true},${JSON.stringify(sent.body).slice(1)}`;
    const answer = await asRoot(name, { ...sent, body: undefined, raw });
    expect(answer.status, `${field}: ${JSON.stringify(answer.body)}`).toBe(400);
    expect(JSON.stringify(answer.body)).toContain(field);
  }
  expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
});

test.each(operationNames)("%s refuses a parameter of the query that it does not know", async (name) => {
  const answer = await asRoot(name, { ...fittingRequests("docs")[name], query: { unknown: "1" } });
  expect([answer.status, paths(answer)]).toEqual([400, ["query.unknown"]]);
});

test("what is the service's own of an index, a job and a key is given by nobody", async () => {
  const own: [OperationName, Record<string, unknown>][] = [
    ...["generation", "published", "lastGeneration", "claim", "state", "created"].map(
      (field): [OperationName, Record<string, unknown>] => ["changeIndex", { [field]: "g9" }],
    ),
    ...["id", "secret", "digest", "revokedAt", "createdAt", "newIds"].map(
      (field): [OperationName, Record<string, unknown>] => ["createKey", { [field]: "x" }],
    ),
    ...["state", "generation", "error"].map((field): [OperationName, Record<string, unknown>] => [
      "startJob",
      { [field]: "x" },
    ]),
  ];
  for (const [name, field] of own) {
    const sent = fittingRequests("docs")[name];
    const answer = await asRoot(name, { ...sent, body: { ...(sent.body as object), ...field } });
    expect([answer.status, paths(answer)]).toEqual([400, [`body.${Object.keys(field)[0]}`]]);
  }
});

test.each([
  "_rowid",
  "_rowaddr",
  "_distance",
  "_score",
  "_row_created_at_version",
  "__proto__",
  "constructor",
  "*",
  "text) --",
])("the column %j is not selected, filtered by, written or patched", async (column) => {
  const path = { index: "docs" };
  const filter = { op: "is_null", column };
  const document = `{"doc_id":"new","vector":[1,1],${JSON.stringify(column)}:1}`;
  const refused: [OperationName, Sent][] = [
    ["search", { path, body: { vector: [1, 1], select: [column] } }],
    ["search", { path, body: { vector: [1, 1], filter } }],
    ["fetchDocuments", { path, body: { ids: ["d1"], select: [column] } }],
    ["fetchDocument", { path: { index: "docs", docId: "d1" }, query: { select: JSON.stringify([column]) } }],
    ["listDocuments", { path, query: { filter: JSON.stringify(filter) } }],
    ["queryDocuments", { path, body: { orderBy: [{ column }] } }],
    ["queryDocuments", { path, body: { facets: [{ column }] } }],
    ["deleteDocuments", { path, body: { filter } }],
    ["patchDocuments", { path, body: { filter, set: { text: "x" } } }],
    ["writeDocuments", { path, raw: `{"documents":[${document}]}` }],
    ["patchDocument", { path: { index: "docs", docId: "d1" }, raw: `{"set":{${JSON.stringify(column)}:1}}` }],
  ];
  for (const [name, sent] of refused)
    expect(outcome(await asRoot(name, sent)), name).toEqual([400, "bad-request"]);
});

test("of a key no digest is shown, whoever lists, rotates or revokes it", async () => {
  const key = await api.made(grantOf(["read"], ["docs"]));
  const id = key.split("_")[1] ?? "";
  const answers = [
    await asRoot("listKeys", {}),
    await asRoot("rotateKey", { path: { id }, query: { graceSeconds: "60" } }),
    await asRoot("revokeKey", { path: { id } }),
  ];
  const stored = await api.container.stores("primary").get(`registry/keys/${id}.json`);
  const digests =
    Buffer.from(stored?.body ?? [])
      .toString()
      .match(/[0-9a-f]{64}|[\w-]{43}/g) ?? [];
  expect(digests.length).toBeGreaterThan(0);
  for (const { status, body } of answers) {
    expect(status).toBe(200);
    for (const digest of digests) expect(JSON.stringify(body)).not.toContain(digest);
  }
});

test("a filter of a request adds to that of a key, and takes nothing of it away", async () => {
  const filter = { op: "eq", column: "text", value: "nobody's" } as const;
  const { key } = await api.keys.create({
    name: "narrow",
    grants: [grantOf(["search", "read"], ["docs"])],
    filter,
  });
  const wider = [
    { op: "or", filters: [filter, { op: "not", filter }] },
    { op: "not", filter },
    { op: "in", column: "doc_id", values: ["d1", "d2"] },
    { op: "eq", column: "text", value: "x' OR '1'='1" },
  ];
  for (const one of wider) {
    const found = await api.ask(key, "search", {
      path: { index: "docs" },
      body: { vector: [1, 1], filter: one },
    });
    expect([found.status, found.body.hits]).toEqual([200, []]);
  }
});
