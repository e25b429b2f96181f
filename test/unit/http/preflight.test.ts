import { expect, test } from "vitest";
import { handler } from "../../../functions/not-found.ts";

const asked = (routeKey: string) =>
  handler(
    { routeKey, headers: {}, requestContext: { http: { method: "OPTIONS" } } } as never,
    { awsRequestId: "request-1" } as never,
  );

test("a preflight that has a route is answered without a body, and needs no key", async () => {
  expect(await asked("OPTIONS /{proxy+}")).toEqual({ statusCode: 204 });
});

test("without one it is a request that no route takes", async () => {
  expect(await asked("$default")).toMatchObject({ statusCode: 404 });
});
