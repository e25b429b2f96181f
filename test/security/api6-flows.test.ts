import { afterAll, beforeAll, expect, test } from "vitest";
import {
  closedOperations,
  fittingRequests,
  grantOf,
  type KeyedApi,
  openKeyedApi,
  outcome,
} from "../support/keyed-api.ts";

/** API6:2023 Unrestricted access to sensitive business flows: how often a key asks is bounded, whatever it asks. */
let api: KeyedApi;
beforeAll(async () => {
  api = await openKeyedApi();
  await api.makeIndex("docs");
});
afterAll(() => api?.close());

test("a key's rate is one for all routes, and refuses before a request is looked at", async () => {
  const grants = [grantOf(["search", "read", "write", "jobs", "admin"], ["docs"])];
  const { key } = await api.keys.create({ name: "slow", grants, rate: { perSecond: 1, burst: 3 } });
  for (let i = 0; i < 3; i++) expect((await api.ask(key, "listBuckets")).status).toBe(200);
  const misshapen = { path: { index: "../x" }, raw: "{" };
  const answers = await Promise.all(closedOperations.map((name) => api.ask(key, name, misshapen)));
  const refused = answers.filter((one) => one.status === 429);
  expect(refused.length).toBeGreaterThan(closedOperations.length / 2);
  for (const answer of refused) {
    expect(outcome(answer)).toEqual([429, "too-many-requests"]);
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
  }
  expect((await api.ask(api.everything, "listBuckets")).status).toBe(200);
});

test("a new secret brings no new rate", async () => {
  const grants = [grantOf(["read"], ["docs"])];
  const { id, key } = await api.keys.create({ name: "few", grants, rate: { perSecond: 1, burst: 1 } });
  await api.ask(key, "listBuckets");
  const rotated = (
    await api.ask(api.everything, "rotateKey", { path: { id }, query: { graceSeconds: "60" } })
  ).body.key;
  const statuses = await Promise.all(
    [key, rotated, key, rotated].map(async (one) => (await api.ask(one, "listBuckets")).status),
  );
  expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(0);
});

test("of jobs on one index one runs at a time, however many are asked for", async () => {
  const start = () => api.ask(api.everything, "startJob", { body: { type: "build-index", index: "docs" } });
  const started = await Promise.all(Array.from({ length: 5 }, start));
  const ids = started.filter(({ status }) => status === 202).map(({ body }) => body.id);
  const states = async () =>
    Promise.all(ids.map(async (id) => (await api.ask(api.everything, "getJob", { path: { id } })).body));
  await expect
    .poll(async () => (await states()).some(({ state }) => state === "running"), { timeout: 30_000 })
    .toBe(false);
  for (const { state, error } of await states())
    if (state === "failed") expect(["conflict", "index-parameters-invalid"]).toContain(error.code);
  expect((await api.ask(api.everything, "getIndex", { path: { index: "docs" } })).body.name).toBe("docs");
  expect(fittingRequests("docs").search.path).toEqual({ index: "docs" });
});
