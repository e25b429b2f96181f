import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Operation } from "../../lib/http/operations/operation.ts";
import { operations } from "../../lib/http/operations.ts";
import {
  type Answer,
  fittingRequests,
  grantOf,
  type KeyedApi,
  openKeyedApi,
  operationNames,
  outcome,
} from "../support/keyed-api.ts";

/** API1:2023 Broken object level authorization: whatever names an object of somebody else finds nothing. */
let api: KeyedApi;
let own: string;
const ofIndexes = operationNames.filter(
  (name) => "index" in operations[name].path.shape || name === "startJob" || name === "createIndex",
);

beforeAll(async () => {
  api = await openKeyedApi();
  await api.makeIndex("own", ["a", "b", "c"]);
  await api.makeIndex("others");
  own = await api.made(grantOf(["search", "read", "write", "jobs", "admin"], ["own"]));
});
afterAll(() => api?.close());

const told = ({ status, body }: Answer, index: string) => {
  const { instance: _, ...said } = body;
  return JSON.stringify([status, said]).replaceAll(index, "INDEX");
};

test.each(ofIndexes)(
  "%s tells of an index of others what it tells of one that is not there",
  async (name) => {
    const [there, not] = await Promise.all(
      ["others", "nowhere"].map((index) => api.ask(own, name, fittingRequests(index)[name])),
    );
    expect(told(there as Answer, "others")).toBe(told(not as Answer, "nowhere"));
    expect(outcome(there as Answer)).toEqual([404, "index-not-found"]);
  },
);

test("of what others hold nothing has changed by that", async () => {
  const { body } = await api.ask(api.everything, "listDocuments", {
    path: { index: "others" },
    query: { consistency: "strong" },
  });
  expect(body.documents).toEqual(["d1", "d2"].map((doc_id) => ({ doc_id, text: "text of others" })));
});

describe("what a page is asked for by", () => {
  const page = (key: string, index: string, query: Record<string, string> = {}) =>
    api.ask(key, "listDocuments", {
      path: { index },
      query: { limit: "1", consistency: "strong", ...query },
    });

  test("leads to no other index", async () => {
    const { body } = await page(api.everything, "others");
    expect(outcome(await page(own, "own", { cursor: body.next }))).toEqual([400, "bad-request"]);
    expect(outcome(await page(own, "others", { cursor: body.next }))).toEqual([404, "index-not-found"]);
  });

  test("leads in the same index to no rows that a key has not", async () => {
    const filter = { op: "eq", column: "text", value: "nobody's" } as const;
    const { key } = await api.keys.create({ name: "narrow", grants: [grantOf(["read"], ["own"])], filter });
    const { next } = (await page(own, "own")).body;
    expect(next).not.toBeNull();
    expect((await page(key, "own", { cursor: next })).body.documents).toEqual([]);
  });

  test("shows no index and no job but those that are granted, whichever it names", async () => {
    const indexes = await api.ask(own, "listIndexes", { query: { cursor: "others" } });
    expect(indexes.body.indexes.map(({ name }: { name: string }) => name)).toEqual(["own"]);
    const started = await api.ask(api.everything, "startJob", {
      body: { type: "optimize", index: "others" },
    });
    expect(started.status).toBe(202);
    const { id } = started.body;
    for (const cursor of ["0000000000000-a", `9999999999999-${id}`])
      expect((await api.ask(own, "listJobs", { query: { cursor } })).body.jobs).toEqual([]);
    for (const name of ["getJob", "cancelJob"] as const)
      expect(outcome(await api.ask(own, name, { path: { id } }))).toEqual([404, "job-not-found"]);
    await expect
      .poll(async () => (await api.ask(api.everything, "getJob", { path: { id } })).body.state, {
        timeout: 20_000,
      })
      .not.toBe("running");
  });
});

test.each(["minVersion", "minGeneration"])(
  "a %s that is asked for tells nothing of an index of others",
  async (name) => {
    const number = name === "minVersion" ? 1 : "g1";
    const answers = await Promise.all(
      ["others", "nowhere"].map((index) =>
        api.ask(own, "search", { path: { index }, body: { vector: [1, 1], [name]: number } }),
      ),
    );
    for (const answer of answers) expect(outcome(answer)).toEqual([404, "index-not-found"]);
  },
);

test("the document that a search goes by is none where it is another's", async () => {
  const filter = { op: "eq", column: "text", value: "nobody's" } as const;
  const { key } = await api.keys.create({
    name: "by-document",
    grants: [grantOf(["search"], ["own"])],
    filter,
  });
  const by = async (docId: string) => {
    const { status, body } = await api.ask(key, "search", { path: { index: "own" }, body: { docId } });
    return [status, body.code, body.detail, body.issues];
  };
  expect(await by("a")).toEqual(await by("is-not-there"));
  expect((await by("a"))[0]).toBeGreaterThanOrEqual(400);
});

test.each(["own/../others", "own%2f..%2fothers", "others\0", "others/", "OTHERS", "", "*", "__proto__"])(
  "the name %j is that of no index",
  async (index) => {
    for (const name of ofIndexes) {
      const operation: Operation = operations[name];
      const { status } = await api.ask(own, name, fittingRequests(index)[name]);
      expect(status, `${operation.method} ${operation.route}`).toBe(400);
    }
  },
);

test("a key's id opens nothing to who may not make keys, nor does an Idempotency-Key that somebody has used", async () => {
  const { id } = await api.keys.create({ name: "another", grants: [grantOf(["read"], ["others"])] });
  for (const name of ["rotateKey", "revokeKey"] as const)
    expect(outcome(await api.ask(own, name, { path: { id } }))).toEqual([403, "forbidden"]);
  const headers = { "idempotency-key": "made-once" };
  const body = { type: "optimize", index: "own" };
  const job = async (key: string) => (await api.ask(key, "startJob", { body, headers })).body;
  const first = await job(api.everything);
  await expect
    .poll(async () => (await api.ask(own, "getJob", { path: { id: first.id } })).body.state, {
      timeout: 20_000,
    })
    .not.toBe("running");
  expect((await job(own)).id).not.toBe(first.id);
});

test("rows leave to buckets that are granted alone, and with a filter not at all", async () => {
  const body = { type: "export", index: "own", target: "testing/exports/own" };
  const ask = (key: string, more: object = {}) => api.ask(key, "startJob", { body: { ...body, ...more } });
  expect(outcome(await ask(own))).toEqual([404, "bucket-not-found"]);
  expect(outcome(await ask(own, { index: "others", target: "primary/exports/own" }))).toEqual([
    404,
    "index-not-found",
  ]);
  const filter = { op: "eq", column: "text", value: "text of own" } as const;
  const grants = [grantOf(["search", "read", "write", "jobs", "admin"], ["own"], ["*"])];
  const narrow = await api.keys.create({ name: "narrow", grants, filter });
  expect(outcome(await ask(narrow.key))).toEqual([403, "forbidden"]);
  const wide = await api.made(...grants);
  expect((await ask(wide)).status).toBe(202);
});
