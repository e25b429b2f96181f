import { afterAll, beforeAll, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import type { Principal } from "../../lib/domain/access/principal.ts";
import { scopedIndexes } from "../../lib/domain/access/scoped-readers.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import { noProviders } from "../../lib/domain/embedding/providers.ts";
import type { DomainError } from "../../lib/domain/errors.ts";
import { groupedSearch } from "../../lib/domain/search/grouped-search.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import type { GroupedRequest } from "../../lib/domain/search/ranked-legs.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import type { Hit } from "../../lib/domain/search/search-response.ts";
import { createLakehouse, type Lakehouse } from "../support/lakehouse.ts";
import { seededRandom } from "../support/seeded-random.ts";

/** Documents of seven shelves and of none, of which one has most; what is grouped is what an ungrouped search finds. */
let lakehouse: Lakehouse;
let container: Container;

const random = seededRandom(7);
const words = ["fox", "dog", "cat", "lazy", "quick", "sleepy", "brown"];
const shelves = ["big", "big", "big", "big", "a", "b", "c", "d", "e", "f", null];
const one = <T>(of: T[]): T => of[Math.floor(random() * of.length)] as T;
const documents = Array.from({ length: 400 }, (_, i) => ({
  doc_id: `d${i}`,
  vector: [random(), random(), random()],
  body: Array.from({ length: 1 + Math.floor(random() * 8) }, () => one(words)).join(" "),
  shelf: one(shelves),
  owner: i % 3 === 0 ? "me" : "other",
  long: i === 0 ? "x".repeat(2_000) : "short",
}));

beforeAll(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
  const columns = ["body", "shelf", "owner", "long"].map((name) => ({ name, type: "Utf8" }));
  const fullText = [{ column: "body", language: "en" }];
  const index = { name: "docs", dimension: 3, metric: "l2", columns, fullText };
  await createIndex(container, createRequest.parse(index), undefined);
  await writeDocuments(container, { index: "docs", documents, mode: "upsert", keyed: undefined }, 20_000);
});

afterAll(() => lakehouse.remove());

const mine = () =>
  scopedIndexes(container.indexes, {
    filter: { op: "eq", column: "owner", value: "me" },
    refuseUnseen: () => undefined,
  } as unknown as Principal);

const parsed = (body: object) => parseSearchRequest({ consistency: "strong", select: [], ...body });

const grouped = (body: object, indexes = container.indexes) =>
  groupedSearch(indexes, "docs", parsed(body) as GroupedRequest, 20_000, undefined, noProviders);

/** What an ungrouped search finds, in groups. */
async function byHand(body: object, limit: number, size: number, indexes = container.indexes) {
  const { hits } = await searchIndex(
    indexes,
    "docs",
    parsed({ k: 1_000, ...body, select: ["shelf"] }),
    20_000,
  );
  const groups = new Map<unknown, Hit[]>();
  for (const { shelf, ...hit } of hits) groups.set(shelf, [...(groups.get(shelf) ?? []), hit as Hit]);
  return [...groups].slice(0, limit).map(([value, all]) => ({ value, hits: all.slice(0, size) }));
}

const filter = { op: "ne", column: "doc_id", value: "d7" };
const vector = [0.4, 0.6, 0.5];

test.each<[string, object]>([
  ["words", { text: "lazy fox" }],
  ["words, with a filter", { text: "lazy fox", filter }],
  ["a vector", { vector }],
  ["what is like a document", { docId: "d3" }],
  ["a vector, in a range of distances", { vector, distanceRange: { min: 0.01, max: 0.1 } }],
])("groups by %s hold what a search without groups finds, of all rows or a key's own", async (_, body) => {
  for (const indexes of [container.indexes, mine()])
    for (const [limit, size] of [
      [3, 1],
      [100, 10],
      [5, 4],
    ] as const) {
      const { groups } = await grouped({ ...body, groupBy: { column: "shelf", limit, size } }, indexes);
      expect(groups).toEqual(await byHand(body, limit, size, indexes));
    }
});

test("groups by both legs are of their fusion, by the candidates that are asked for", async () => {
  for (const hybrid of [{ candidates: 1_000 }, { candidates: 1_000, fusion: "weighted" }])
    for (const indexes of [container.indexes, mine()]) {
      const both = { vector, text: "lazy fox", hybrid };
      const { groups } = await grouped({ ...both, groupBy: { column: "shelf", limit: 4, size: 3 } }, indexes);
      expect(groups).toEqual(await byHand(both, 4, 3, indexes));
    }
});

test("groups by both legs are full where few candidates are taken at a time", async () => {
  const both = { vector, text: "lazy fox", hybrid: { candidates: 80 } };
  const { groups, performance } = await grouped({
    ...both,
    groupBy: { column: "shelf", limit: 8, size: 10 },
  });
  expect(groups.map(({ value, hits }) => [value, hits.length]).sort()).toEqual(
    ["a", "b", "big", "c", "d", "e", "f", null].map((shelf) => [shelf, 10]).sort(),
  );
  expect(performance.searches).toBeGreaterThan(1);
});

test("hits in groups are highlighted as others are", async () => {
  const body = { text: "lazy fox", highlight: true };
  const { groups } = await grouped({ ...body, groupBy: { column: "shelf", limit: 3, size: 2 } });
  expect(groups).toEqual(await byHand(body, 3, 2));
  expect(groups[0]?.hits[0]?.highlights?.length).toBeGreaterThan(0);
});

test("groups come with the columns, counts and facets that are asked for", async () => {
  const { groups, count, facets } = await grouped({
    ...{ vector, select: ["owner"], count: true, facets: [{ column: "owner" }] },
    groupBy: { column: "shelf", limit: 2, size: 2 },
  });
  expect(Object.keys(groups[0]?.hits[0] ?? {}).sort()).toEqual(["distance", "doc_id", "owner", "score"]);
  expect([count, facets?.[0]?.values.length]).toEqual([400, 2]);
});

test("a text that is too long for a group's value is refused by its column", async () => {
  const refused = await grouped({ vector, exact: true, groupBy: { column: "long" } }).catch(
    (error: DomainError) => error.issues,
  );
  expect(refused).toEqual([{ path: "groupBy.column", message: expect.stringMatching("1024 characters") }]);
});
