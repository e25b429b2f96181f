import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "@lancedb/lancedb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type KeyedApi, openKeyedApi, type Sent } from "../support/keyed-api.ts";

/** Whatever is read as of a version, or a moment, is what was there then. */
let api: KeyedApi;
const path = { index: "docs" };
const steps: { version: number; at: string; documents: Record<string, string> }[] = [];

beforeAll(async () => {
  api = await openKeyedApi();
  const columns = [
    { name: "tenant", type: "Utf8" },
    { name: "body", type: "Utf8" },
  ];
  const fullText = [{ column: "body", language: "en" }];
  await ask("createIndex", { body: { name: "docs", dimension: 2, metric: "l2", columns, fullText } });
  const documents: Record<string, string> = {};
  for (let i = 0; i < 6; i++) {
    const doc_id = `d${i % 4}`;
    const document = { doc_id, vector: [i, 1], tenant: i % 2 === 0 ? "a" : "b", body: `fox ${i}` };
    const { version } = await ask("writeDocuments", { path, body: { documents: [document] } });
    documents[doc_id] = document.body;
    steps.push({ version, at: new Date().toISOString(), documents: { ...documents } });
    await sleep(5);
  }
});

afterAll(() => api?.close());

async function ask(name: Parameters<KeyedApi["ask"]>[1], sent: Sent, key = api.everything) {
  const answer = await api.ask(key, name, sent);
  expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
  return answer.body;
}

const bodies = (documents: { doc_id: string; body: string }[]) =>
  Object.fromEntries(documents.map(({ doc_id, body }) => [doc_id, body]));

test.each(["version", "generation", "moment"])("every way to read is as of a %s", async (by) => {
  for (const { version, at, documents } of steps) {
    const asOf = { version, generation: `g1.${version}`, moment: at }[by] as string | number;
    const listed = await ask("listDocuments", { path, query: { asOf: String(asOf) } });
    expect([listed.version, bodies(listed.documents)]).toEqual([version, documents]);
    const count = Object.keys(documents).length;
    const queried = await ask("queryDocuments", {
      path,
      body: { asOf, count: true, orderBy: [{ column: "doc_id" }], facets: [{ column: "body" }] },
    });
    expect([queried.count, queried.performance.version]).toEqual([count, version]);
    expect(bodies(queried.documents)).toEqual(documents);
    const searched = await ask("search", { path, body: { asOf, vector: [9, 1] } });
    expect([bodies(searched.hits), searched.performance.version]).toEqual([documents, version]);
    const worded = await ask("search", { path, body: { asOf, text: "fox" } });
    expect(bodies(worded.hits)).toEqual(documents);
    const ranged = await ask("search", { path, body: { asOf, vector: [9, 1], distanceRange: { max: 1e6 } } });
    expect(bodies(ranged.hits)).toEqual(documents);
    const many = await ask("search", {
      path,
      body: { asOf, queries: [{ vector: [9, 1] }, { docId: "d0" }] },
    });
    expect(many.results.map(({ hits }: { hits: unknown[] }) => hits.length)).toEqual([count, count - 1]);
    const { recall, performance } = await ask("measureRecall", { path, body: { asOf, k: 2 } });
    expect([recall, performance.version]).toEqual([1, version]);
    const got = await ask("fetchDocuments", { path, body: { asOf, ids: ["d0", "d1", "d2", "d3"] } });
    expect(bodies(got.documents)).toEqual(documents);
    const query = { asOf: String(asOf), select: "body" };
    expect((await ask("fetchDocument", { path: { ...path, docId: "d0" }, query })).body).toBe(
      documents["d0"],
    );
  }
});

test("pages go on at the version of the first, which their cursor names", async () => {
  const { version, documents } = steps[3] as (typeof steps)[number];
  const first = await ask("listDocuments", { path, query: { asOf: String(version), limit: "1" } });
  const rest = await ask("listDocuments", { path, query: { cursor: first.next } });
  expect(bodies([...first.documents, ...rest.documents])).toEqual(documents);
  const both = { cursor: first.next, asOf: String(version) };
  const refused = await api.ask(api.everything, "listDocuments", { path, query: both });
  expect([refused.status, refused.body.issues[0].path]).toEqual([400, "query.asOf"]);
});

test("a key with a filter sees its own rows of the past alone", async () => {
  const filter = { op: "eq", column: "tenant", value: "a" } as const;
  const grants = [{ actions: ["search" as const, "read" as const], indexes: ["docs"], buckets: [] }];
  const { key } = await api.keys.create({ name: "a", grants, filter });
  const { version } = steps[2] as (typeof steps)[number];
  const body = { asOf: version, ids: ["d0", "d1", "d2"] };
  expect((await ask("fetchDocuments", { path, body }, key)).missing).toEqual(["d1"]);
  const { hits } = await ask("search", { path, body: { asOf: version, vector: [1, 1] } }, key);
  expect(hits.map(({ doc_id }: { doc_id: string }) => doc_id).sort()).toEqual(["d0", "d2"]);
});

test("a version that is not there yet, is gone, or was never served is told apart", async () => {
  const refusal = async (asOf: number | string) => {
    const { status, body } = await api.ask(api.everything, "search", {
      path,
      body: { asOf, vector: [1, 1] },
    });
    return [status, body.code, body.detail];
  };
  const newest = steps.at(-1)?.version as number;
  expect((await refusal(newest + 1)).slice(0, 2)).toEqual([409, "version-not-reached"]);
  expect((await refusal("g2.1")).slice(0, 2)).toEqual([409, "version-not-reached"]);
  const kept = expect.stringMatching(new RegExp(`versions g1\\.\\d+ to g1\\.${newest} are`));
  expect(await refusal("2001-02-03T04:05:06Z")).toEqual([410, "version-expired", kept]);
  const table = await (await connect(join(api.root, "lance/docs"))).openTable("g1");
  await table.optimize({ cleanupOlderThan: new Date() });
  await table.optimize({ cleanupOlderThan: new Date() });
  table.close();
  const first = steps[0] as (typeof steps)[number];
  expect((await refusal(first.version)).slice(0, 2)).toEqual([410, "version-expired"]);
  expect((await refusal(first.at)).slice(0, 2)).toEqual([410, "version-expired"]);
});
