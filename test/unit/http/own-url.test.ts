import { expect, test } from "vitest";
import { searchingOperations } from "../../../lib/http/operations/searching.ts";
import { withOwnUrl } from "../../../lib/http/own-url.ts";

const seen = withOwnUrl(Object.values(searchingOperations), async ({ routeKey, pathParameters }) => ({
  statusCode: 200,
  headers: {},
  body: `${routeKey} ${JSON.stringify(pathParameters)}`,
}));
const context = { awsRequestId: "request-1" } as never;

/** What a function's own URL sends (payload format 2.0). */
const sent = (method: string, rawPath: string, more: object = {}) => {
  const event = { routeKey: "$default", rawPath, headers: {}, requestContext: { http: { method } }, ...more };
  return seen(event as never, context);
};

test("a request that comes by a function's own URL has its route and its path's parameters", async () => {
  const { body } = await sent("POST", "/indexes/docs/search");
  expect(body).toBe('POST /indexes/{index}/search {"index":"docs"}');
  expect((await sent("POST", "/indexes/team-a.1/warm")).body).toMatch(/warm \{"index":"team-a.1"\}$/);
});

test("one that comes through the API is left as it is", async () => {
  const routeKey = "POST /shards/1/indexes/{index}/search";
  const { body } = await sent("GET", "/", { routeKey, pathParameters: { index: "docs" } });
  expect(body).toBe(`${routeKey} {"index":"docs"}`);
});

test.each([
  ["GET", "/indexes/docs/search"],
  ["POST", "/indexes/docs/search/"],
  ["POST", "/indexes/a/b/search"],
  ["POST", "/indexes//search"],
  ["POST", "/shards/1/indexes/docs/search"],
  ["DELETE", "/indexes/docs"],
])("%s %s is no route of it, and the answer names those there are", async (method, path) => {
  const answer = await sent(method, path);
  const { code, detail } = JSON.parse(answer.body);
  expect([answer.statusCode, code]).toEqual([404, "route-not-found"]);
  expect(detail).toBe(
    "no such route; there are: POST /indexes/{index}/search, POST /indexes/{index}/recall, POST /indexes/{index}/warm",
  );
});
