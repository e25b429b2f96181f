import { afterAll, beforeAll, expect, test } from "vitest";
import type { SearchWork } from "../../lib/domain/search/explanation.ts";
import { grantOf, type KeyedApi, openKeyedApi } from "../support/keyed-api.ts";

/** What a search tells of itself depends on who asks. */
let api: KeyedApi;
let tenant: string;

beforeAll(async () => {
  api = await openKeyedApi();
  await api.makeIndex("docs", ["d1", "d2", "d3"]);
  const filter = { op: "eq", column: "text", value: "text of docs" } as const;
  const grants = [grantOf(["search", "read"], ["docs"])];
  tenant = (await api.keys.create({ name: "tenant", grants, filter })).key;
});

afterAll(() => api.close());

const vector = [1, 1];
const bodies: [string, "search" | "queryDocuments", object][] = [
  ["a vector", "search", { vector }],
  ["groups", "search", { vector, groupBy: { column: "text" } }],
  ["many queries", "search", { queries: [{ vector }, { docId: "d1" }] }],
  ["a page of hits with counts", "search", { vector, offset: 0, count: true }],
  ["a query", "queryDocuments", { limit: 2, facets: [{ column: "text" }] }],
];

async function explainOf(key: string, name: "search" | "queryDocuments", body: object) {
  const path = { index: "docs" };
  const answer = await api.ask(key, name, { path, body: { consistency: "strong", ...body, explain: true } });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body.explain;
}

const workIn = (steps: { work?: SearchWork }[]) => steps.find(({ work }) => work)?.work as SearchWork;

test.each(bodies)("who may do everything is told everything of a search: %s", async (_, name, body) => {
  const { steps, index, cost, explaining, withheld } = await explainOf(api.everything, name, body);
  expect(withheld).toEqual([]);
  expect(index).toMatchObject({ type: "EXACT" });
  expect(steps.length).toBeGreaterThan(0);
  expect(workIn(steps).operators.length).toBeGreaterThan(0);
  expect(cost).toMatchObject({ counted: "all", shared: false, store: { get: expect.any(Number) } });
  expect(cost.dollars).toBeGreaterThan(0);
  expect(explaining.store.put).toBe(0);
});

test.each(bodies)(
  "who sees one index alone is not told what a container asks of stores: %s",
  async (_, name, body) => {
    const key = await api.made(grantOf(["search", "read"], ["docs"]));
    const { steps, cost, explaining, withheld } = await explainOf(key, name, body);
    expect([withheld, cost, explaining.store]).toEqual([["cost"], undefined, undefined]);
    expect(workIn(steps)).toBeDefined();
  },
);

test.each(bodies)("a key with a filter is told of its own rows alone: %s", async (_, name, body) => {
  const { steps, withheld, ...more } = await explainOf(tenant, name, body);
  expect(withheld).toEqual(["index", "work", "cost"]);
  expect(Object.keys(more).sort()).toEqual(["explaining", "moreSteps", "readFrom"]);
  for (const step of steps) {
    expect(step).not.toHaveProperty("work");
    if (step.filtered !== undefined) expect(step.filtered).toBe(true);
  }
});

test("an answer that is not asked to say so has no explanation", async () => {
  const { body } = await api.ask(api.everything, "search", { path: { index: "docs" }, body: { vector } });
  expect(body).not.toHaveProperty("explain");
});
