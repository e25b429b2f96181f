import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { explained } from "../../lib/domain/search/explained.ts";
import { type Explanation, explanation } from "../../lib/domain/search/explanation.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { queryDocuments } from "../../lib/domain/search/query-documents.ts";
import { parseQueryRequest } from "../../lib/domain/search/query-request.ts";
import type { Lease, WarmIndexes } from "../../lib/domain/search/reader.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { bruteForce, type SearchedTable, searchedTables } from "../support/searched-tables.ts";

let folder: string;
let tables: SearchedTable[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "explained-"));
  tables = await searchedTables(folder);
}, 60_000);

afterAll(async () => {
  for (const table of tables ?? []) await table.close();
  await rm(folder, { recursive: true, force: true });
});

const vector = [0.1, -0.2, 0.3, 0.15, -0.25, 0.35, 0.05, 0.45];
const tableOf = (type: string) => tables.find((one) => one.type === type) as SearchedTable;

function servedBy(type: string, which: keyof SearchedTable["readers"] = "plain"): WarmIndexes {
  const { published, readers } = tableOf(type);
  const lease = { published, reader: readers[which], openMs: 0, viewAgeMs: 0, cold: false } as Lease;
  return { use: (_index, _freshness, work) => work(lease) };
}

const told = (explain: Explanation): Explanation => explanation.parse(JSON.parse(JSON.stringify(explain)));

async function explainedSearch(indexes: WarmIndexes, body: object) {
  const request = parseSearchRequest({ vector, select: [], ...body });
  const search = (of: WarmIndexes) => searchIndex(of, "docs", request, 10_000);
  const { explain, ...answer } = await explained({ indexes, costs: undefined, left: () => 10_000 }, search);
  expect(answer.hits).toEqual((await search(indexes)).hits);
  return told(explain);
}

test("a search by an index says which partitions were searched, and what was compared in them and beside them", async () => {
  const asked = { k: 5, nprobes: 2, refineFactor: 3 };
  for (const which of ["plain", "held", "copied"] as const) {
    const { index, steps, withheld } = await explainedSearch(servedBy("IVF_PQ", which), asked);
    expect(index).toMatchObject({ type: "IVF_PQ", partitions: 6, rows: tableOf("IVF_PQ").published.rows });
    expect(withheld).toEqual(["cost"]);
    const [{ work, ...step } = {} as never] = steps;
    expect(step).toMatchObject({ step: "vector", ...asked, filtered: false, found: 5 });
    expect(work).toMatchObject({ searches: 1, partitions: 2 });
    expect(work?.comparedByIndex).toBeGreaterThan(15);
    expect(work?.comparedByVectors).toBeGreaterThan(15); // 3 times k, and rows that no index holds
    expect(work?.operators.map(({ name }) => name)).toContain("ANNSubIndex");
  }
});

test("where the partitions of nprobes hold too few, all that were searched are told", async () => {
  const filter = { op: "in", column: "doc_id", values: ["r1", "r2", "r300", "r800"] };
  const { steps } = await explainedSearch(servedBy("IVF_FLAT"), { k: 20, nprobes: 1, filter });
  expect(steps[0]).toMatchObject({ filtered: true, found: 4, work: { searches: 2, partitions: 8 } });
});

test("a search without an index compares the vectors of all rows that the filter leaves", async () => {
  const filter = { op: "eq", column: "flag", value: true };
  const rows = bruteForce("l2", vector, () => true).length;
  const all = await explainedSearch(servedBy("EXACT"), { exact: true });
  expect(all.steps[0]?.exact).toBe(true);
  const compared = all.steps[0]?.work?.comparedByVectors ?? 0;
  expect(Math.abs(compared - rows) / rows).toBeLessThan(0.1); // rows without a vector may be among them
  expect(all.steps[0]?.work).not.toHaveProperty("partitions");
  const some = await explainedSearch(servedBy("EXACT"), { exact: true, filter });
  expect(some.steps[0]?.work?.comparedByVectors).toBeLessThan(compared);
});

test("pages, counts and documents are steps, each with what it found; of a query its reading is told", async () => {
  const { steps } = await explainedSearch(servedBy("IVF_FLAT"), {
    ...{ k: 3, offset: 2, select: ["text"], count: true },
  });
  expect(steps.map(({ step }) => step).sort()).toEqual(["counts", "documents", "vector"]);
  const request = parseQueryRequest({ limit: 7, orderBy: [{ column: "day" }], count: true });
  const indexes = servedBy("IVF_FLAT");
  const { explain } = await explained({ indexes, costs: undefined, left: () => 10_000 }, (of) =>
    queryDocuments(of, "docs", request, 10_000),
  );
  const [page, counts] = ["page", "counts"].map((name) =>
    told(explain).steps.find(({ step }) => step === name),
  );
  expect(page).toMatchObject({ found: 7, ordered: true, filtered: false });
  expect(page?.work?.rowsRead).toBeGreaterThan(1_000);
  expect(counts?.found).toBeGreaterThan(1_000);
});

test("no filter, vector or path is told, whatever a filter holds", async () => {
  const value = "x]\n  ANNSubIndex: /secret/path metrics=[partitions_searched=9]";
  const filter = {
    op: "or",
    filters: [
      { op: "eq", column: "text", value },
      { op: "exists", column: "flag" },
    ],
  };
  const explain = JSON.stringify(await explainedSearch(servedBy("IVF_PQ"), { filter, k: 4 }));
  const ofVector = "-0.25"; // as no time is
  for (const secret of ["secret", ofVector, folder, "lance/", "flag"]) expect(explain).not.toContain(secret);
  expect(explain.length).toBeLessThan(20_000);
});

test("where no time is left, what LanceDB did is left out", async () => {
  const request = parseSearchRequest({ vector });
  const { explain } = await explained(
    { indexes: servedBy("IVF_PQ"), costs: undefined, left: () => 100 },
    (of) => searchIndex(of, "docs", request, 10_000),
  );
  expect(told(explain).steps[0]).not.toHaveProperty("work");
});
