import { afterAll, beforeAll, expect, test } from "vitest";
import { fittingRequests, type KeyedApi, openKeyedApi, operationNames } from "../support/keyed-api.ts";

/** What a request cost is told by every route there is, whatever kind it is of. */
let api: KeyedApi;
beforeAll(async () => {
  api = await openKeyedApi();
  await api.makeIndex("docs");
});
afterAll(() => api?.close());

const last = (name: string) => (name === "dropIndex" ? 1 : 0);
const names = operationNames.toSorted((one, other) => last(one) - last(other));

test.each(names)("%s says what it cost to who asks, and to nobody else", async (name) => {
  const body = { type: "migrate", index: "new", source: "testing/nothing" }; // ends at once, as there is none
  const sent = name === "startJob" ? { body } : fittingRequests("docs")[name];
  const asked = { ...sent, headers: { ...sent.headers, "x-explain-cost": "true" } };
  const { headers } = await api.ask(api.everything, name, asked);
  if (name === "health" || name === "openapi") {
    expect(headers["x-cost"]).toBeUndefined(); // they ask nobody who it is
    return;
  }
  const cost = JSON.parse(headers["x-cost"] ?? "{}");
  expect(cost.dollars).toBeGreaterThan(0);
  expect(cost).toMatchObject({ billedMs: expect.any(Number), memoryMb: expect.any(Number), store: {} });
  const without: Record<string, string>[] = [{}, { "x-explain-cost": "false" }];
  for (const others of without) {
    const { headers: untold } = await api.ask(api.everything, name, { ...sent, headers: others });
    expect(untold["x-cost"]).toBeUndefined();
  }
});
