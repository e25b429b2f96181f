import { afterAll, beforeAll, expect, test } from "vitest";
import { actions } from "../../lib/domain/access/grants.ts";
import type { Operation } from "../../lib/http/operations/operation.ts";
import { type OperationName, operations } from "../../lib/http/operations.ts";
import {
  fittingRequests,
  grantOf,
  type KeyedApi,
  openKeyedApi,
  operationNames,
  outcome,
} from "../support/keyed-api.ts";

/** API5:2023 Broken function level authorization: a key does what its grants say, whichever route it asks, and no more. */
let api: KeyedApi;
beforeAll(async () => {
  api = await openKeyedApi();
  await api.makeIndex("docs");
});
afterAll(() => api?.close());

const needsOf = (name: OperationName) => (operations[name] as Operation).needs;

test.each(actions)("a key that may only %s is refused everything else", async (action) => {
  const key = await api.made(grantOf([action], ["docs", "other*"], ["*"]));
  for (const name of operationNames) {
    const needs = needsOf(name);
    if (needs === "nothing" || needs === "known" || needs === action) continue;
    expect(outcome(await api.ask(key, name, fittingRequests("docs")[name])), name).toEqual([
      403,
      "forbidden",
    ]);
  }
});

test("who may do everything with all indexes that there are by their names makes no keys", async () => {
  const key = await api.made(grantOf([...actions], ["docs", "d*", "a*"], ["*"]));
  for (const name of operationNames.filter((one) => needsOf(one) === "keys"))
    expect(outcome(await api.ask(key, name, fittingRequests("docs")[name]))).toEqual([403, "forbidden"]);
});

test("no header makes another method or route of a request", async () => {
  const key = await api.made(grantOf(["read"], ["docs"]));
  const headers = {
    ...{ "x-http-method-override": "DELETE", "x-method-override": "DELETE", "x-http-method": "DELETE" },
    ...{ "x-original-url": "/keys", "x-rewrite-url": "/keys", "x-forwarded-prefix": "/keys" },
  };
  const { status, body } = await api.ask(key, "getIndex", { path: { index: "docs" }, headers });
  expect([status, body.name]).toEqual([200, "docs"]);
  expect((await api.ask(key, "getIndex", { path: { index: "docs" } })).status).toBe(200);
});

test("a key is no more than it was when what is stored of it says more than a key may have", async () => {
  const filter = { op: "eq", column: "text", value: "a" } as const;
  const { key } = await api.keys.create({
    name: "narrow",
    grants: [grantOf([...actions], ["*"], ["*"])],
    filter,
  });
  for (const name of operationNames.filter((one) => ["jobs", "admin", "keys"].includes(needsOf(one))))
    expect(outcome(await api.ask(key, name, fittingRequests("docs")[name])), name).toEqual([
      403,
      "forbidden",
    ]);
});
