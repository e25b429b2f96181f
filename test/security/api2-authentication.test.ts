import { afterAll, beforeAll, expect, test } from "vitest";
import {
  closedOperations,
  fittingRequests,
  grantOf,
  type KeyedApi,
  openKeyedApi,
  outcome,
  type Sent,
} from "../support/keyed-api.ts";

/** API2:2023 Broken authentication: nothing but a key that was made opens anything, wherever and however it is sent. */
let api: KeyedApi;
beforeAll(async () => {
  api = await openKeyedApi();
  await api.makeIndex("docs");
});
afterAll(() => api?.close());

const unauthenticated = [401, "unauthenticated"];

test.each(closedOperations)(
  "%s is refused without a key, before anything of it is looked at",
  async (name) => {
    expect(outcome(await api.ask(undefined, name, fittingRequests("docs")[name]))).toEqual(unauthenticated);
    const misshapen = { path: { index: "../x" }, query: { a: "b" }, raw: "{".repeat(2_000_000) };
    expect(outcome(await api.ask(undefined, name, misshapen))).toEqual(unauthenticated);
  },
);

test("a key is taken from no other place than its headers", async () => {
  const key = api.everything;
  const places: Sent[] = [
    { query: { "x-api-key": key, api_key: key, key } },
    { headers: { cookie: `x-api-key=${key}` } },
    {
      headers: { "x-amzn-api-key": key, "proxy-authorization": `Bearer ${key}`, "x-forwarded-user": "root" },
    },
    { headers: { authorization: key } },
    { headers: { authorization: `Basic ${Buffer.from(`${key}:`).toString("base64")}` } },
    { headers: { authorization: `Bearer ${key} ${key}` } },
    { body: { key } },
  ];
  for (const sent of places)
    expect(outcome(await api.ask(undefined, "listIndexes", sent))).toEqual(unauthenticated);
});

test("of two keys that are sent none counts, as one may be somebody else's; the same one twice does", async () => {
  const other = await api.made(grantOf(["read"], ["*"]));
  const both = (one: string, another: string) =>
    api.ask(one, "listIndexes", { headers: { authorization: `Bearer ${another}` } });
  expect(outcome(await both(api.everything, other))).toEqual(unauthenticated);
  expect(outcome(await both("sl_nothing_x", other))).toEqual(unauthenticated);
  expect(outcome(await api.ask(`${other}, ${api.everything}`, "listIndexes"))).toEqual(unauthenticated);
  expect((await both(other, other)).status).toBe(200);
  expect((await both(other, "a.token.of-a-proxy")).status).toBe(200);
});

test("whatever else is sent as a key opens nothing, and is told the same as any other", async () => {
  const key = await api.made(grantOf(["read"], ["*"]));
  const [, id = "", secret = ""] = key.split("_");
  const others = [
    ...[
      "",
      " ",
      "null",
      "undefined",
      "sl__",
      `sl_${id}_`,
      `sl_${id}`,
      `sl_${secret}_${id}`,
      `${key}\0`,
      ` ${key}`,
    ],
    ...[
      `${key}=`,
      key.slice(0, -1),
      key.replace("sl_", "SL_"),
      `sl_../${id}_${secret}`,
      `sl_${id}%00_${secret}`,
    ],
    ...[
      `sl_*_${secret}`,
      "x".repeat(100_000),
      `sl_${"f".repeat(16)}_${secret}`,
      `sl___proto___${secret}`,
      "{}",
    ],
  ];
  const told = new Set<string>();
  for (const other of others) {
    const { status, body, headers } = await api.ask(other, "listIndexes");
    expect([status, headers["www-authenticate"]]).toEqual([401, 'Bearer realm="serverless-lance"']);
    told.add(body.detail);
  }
  expect(told.size).toBe(1);
  expect((await api.ask(key, "listIndexes")).status).toBe(200);
});

test("what API Gateway has not said of who signed a request is said by no header, and opens nothing where keys do", async () => {
  const arn = "arn:aws:iam::123456789012:role/root";
  await api.keys.create({ name: "role", arn, grants: [grantOf(["read"], ["*"])] });
  const headers = { "x-amz-user-arn": arn, "x-api-key": arn, authorization: `Bearer ${arn}` };
  expect(outcome(await api.ask(undefined, "listIndexes", { headers }))).toEqual(unauthenticated);
});
