import { expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import { cursorOf } from "../../lib/domain/search/list-cursor.ts";
import { filterParameter, type ListRequest, listDocuments } from "../../lib/domain/search/list-documents.ts";
import type { DocumentPage, Lease, PageQuery, WarmIndexes } from "../../lib/domain/search/reader.ts";
import { fetchingOperations } from "../../lib/http/operations/fetching.ts";

const documents = [{ doc_id: "a" }, { doc_id: "b" }];

/** Lists an index at version 7 of generation g3. @returns the answer, and what its reader was asked */
async function listed(request: Partial<ListRequest>, page: Partial<DocumentPage> = {}) {
  const asked: PageQuery[] = [];
  const read = async (query: PageQuery) => {
    asked.push(query);
    return { documents, version: query.version ?? 7, hasMore: true, ...page };
  };
  const lease = { reader: { page: read }, published: { generation: "g3" } } as unknown as Lease;
  const indexes: WarmIndexes = { use: (_index, _freshness, work) => work(lease) };
  const whole: ListRequest = { limit: 2, consistency: "eventual", ...request };
  return { ...(await listDocuments(indexes, "docs", whole, 1_000)), query: asked[0] };
}

test("a page goes on where the one before ended, at its version, and the last has no next", async () => {
  const first = await listed({});
  expect(first).toMatchObject({ documents, generation: "g3", version: 7 });
  expect(first.query).toMatchObject({ version: undefined, offset: 0, limit: 2 });
  const second = await listed({ cursor: first.next ?? "" }, { hasMore: false });
  expect(second.query).toMatchObject({ version: 7, offset: 2 });
  expect(second.next).toBeNull();
});

test("a page that is shorter than was asked for is followed from its end", async () => {
  const { next } = await listed({ limit: 1_000 });
  expect((await listed({ cursor: next ?? "" })).query?.offset).toBe(2);
});

test("a cursor of another generation has expired, and one of an earlier version than is asked for is refused", async () => {
  const replaced = await cursorOf({ generation: "g2", version: 7, offset: 2 }, "docs");
  await expect(listed({ cursor: replaced })).rejects.toMatchObject({
    kind: "CursorExpired",
    status: 410,
    message: "the cursor is of generation g2, and g3 is published now; begin without it",
  });
  const earlier = await cursorOf({ generation: "g3", version: 6, offset: 2 }, "docs");
  expect((await listed({ cursor: earlier, minVersion: 6 })).query?.version).toBe(6);
  await expect(listed({ cursor: earlier, minVersion: 7 })).rejects.toMatchObject({
    kind: "BadRequest",
    issues: [{ path: "minVersion" }],
  });
});

const issuesOf = (text: string) => {
  const { error } = filterParameter.safeParse(text);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);
};

test("a filter in a URL is that of a search, within its bounds", () => {
  const filter = { op: "not", filter: { op: "eq", column: "a", value: 1 } };
  expect(filterParameter.parse(JSON.stringify(filter))).toEqual(filter);
  const leaf = '{"op":"is_null","column":"a"}';
  const nodes = `{"op":"or","filters":[${Array(limits.maxFilterNodes).fill(leaf).join()}]}`;
  expect(issuesOf(nodes)).toEqual([`: more than ${limits.maxFilterNodes} nodes`]);
  const deep =
    '{"op":"not","filter":'.repeat(limits.maxFilterDepth) + leaf + "}".repeat(limits.maxFilterDepth);
  expect(issuesOf(deep)).toEqual([`: deeper than ${limits.maxFilterDepth} levels`]);
  expect(issuesOf('{"op":"not","filter":{"op":"eq","column":"a"}}')).toEqual([
    expect.stringMatching(/^filter\.value: /),
  ]);
  expect(issuesOf("a = 1")).toEqual([": must be a filter in JSON"]);
  expect(issuesOf("[".repeat(limits.maxFilterParameterLength))).toEqual([": must be a filter in JSON"]);
  expect(issuesOf("x".repeat(limits.maxFilterParameterLength + 1))).toHaveLength(1);
});

test.each(["null", "[]", "1", '"x"', "{}"])("%s is JSON, but no filter", (text) => {
  expect(issuesOf(text)).toHaveLength(1);
});

test("a page has 100 documents where nothing is said, and 1,000 at most", () => {
  const { query } = fetchingOperations.listDocuments;
  expect(query.parse({})).toEqual({ limit: 100, consistency: "eventual" });
  expect(query.parse({ limit: "1000", minVersion: "3" })).toMatchObject({ limit: 1_000, minVersion: 3 });
  for (const limit of ["0", "1001", "x", "1.5", ""]) expect(query.safeParse({ limit }).success).toBe(false);
});
