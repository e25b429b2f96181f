import { expect } from "vitest";
import type { Container } from "../../lib/container.ts";
import { EntryList } from "../../lib/domain/index/entry-list.ts";
import { describeIndex, listIndexes } from "../../lib/domain/search/describe-index.ts";
import { fetchDocument } from "../../lib/domain/search/fetch-document.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { warmIndex } from "../../lib/domain/search/warm-index.ts";
import { appendRows } from "./append-rows.ts";
import { runJob } from "./lakehouse.ts";
import type { Row } from "./parquet-files.ts";

interface UsualWay {
  container: Container;
  environment: Record<string, string>;
  job: { index: string; source: string; bucket?: string; indexType?: string };
  /** By a client of LanceDB, to be taken in. */
  appended: Row[];
}

/** All that an index is there for, from its load to what keeps it good; it has all rows then. */
export async function usualWay({ container, environment, job, appended }: UsualWay): Promise<void> {
  const { index, bucket = "primary" } = job;
  expect((await runJob(container, { type: "migrate", ...job })).error).toBeNull();
  await readAll(container, index, appended[0]);
  await appendRows(environment, { bucket, index, generation: "g1" }, appended);
  for (const targetRecall of [undefined, 0.5]) {
    const optimize = { type: "optimize", index, ...(targetRecall ? { targetRecall } : {}) };
    expect((await runJob(container, optimize)).error).toBeNull();
    await readAll(container, index, appended[0]);
  }
  expect((await runJob(container, { type: "build-index", index })).error).toBeNull();
  await readAll(container, index, appended[0]);
}

/** Cold, warm and from whatever copies there are by then; by the index, by a filter and by ids. */
async function readAll(
  { indexes, registry, stores, clock, fallbacks }: Container,
  index: string,
  row?: Row,
): Promise<void> {
  const search = (more: object) => {
    const request = parseSearchRequest({ vector: row?.vector, k: 5, ...more });
    return searchIndex(indexes, index, request, 20_000);
  };
  for (let round = 0; round < 2; round++) {
    for (const more of [
      { consistency: "strong" },
      { refineFactor: 2 },
      { filter, k: 3 },
      { select: ["vector"] },
    ])
      expect((await search(more)).hits.length).toBeGreaterThan(0);
    const request = { index, docId: "d1", consistency: "eventual" } as const;
    expect(await fetchDocument(indexes, request, 20_000)).toMatchObject({ doc_id: "d1" });
    await warmIndex(indexes, index, 30_000);
  }
  expect((await describeIndex(registry, indexes, fallbacks, index)).stats?.rows).toBeGreaterThan(0);
  expect(
    (await listIndexes(new EntryList(stores("primary"), clock, fallbacks), { limit: 10 })).indexes.length,
  ).toBeGreaterThan(0);
}

const filter = { op: "ne", column: "chunk_text", value: "text 1" };
