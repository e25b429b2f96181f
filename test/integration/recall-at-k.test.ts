import { join } from "node:path";
import { connect } from "@lancedb/lancedb";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import type { IndexType } from "../../lib/domain/index/index-entry.ts";
import { recallOf } from "../../lib/domain/recall/choose-search-defaults.ts";
import { describeIndex } from "../../lib/domain/search/describe-index.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";

const asked = 40;
let lakehouse: Lakehouse;
let container: Container;
let rows: { doc_id: string; vector: Float32Array }[];

beforeAll(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
});

afterAll(() => lakehouse.remove());

/** Distances of one word to all others, the nearest first. */
function nearestTo(query: Float32Array): string[] {
  const product = (a: Float32Array, b: Float32Array) => {
    let sum = 0;
    for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
    return sum;
  };
  const near = rows.map(({ doc_id, vector }) => ({
    doc_id,
    score: product(query, vector) / Math.sqrt(product(vector, vector)),
  }));
  return near.sort((a, b) => b.score - a.score).map(({ doc_id }) => doc_id);
}

async function searched(index: string, vector: Float32Array, k: number, more: object = {}) {
  const request = parseSearchRequest({ vector: [...vector], k, select: [], ...more });
  return searchIndex(container.indexes, index, request, 20_000);
}

/** Ids of pages that follow one another. */
async function pagesOf(index: string, vector: Float32Array, sizes: number[]): Promise<string[]> {
  const found: string[] = [];
  let where: object = { offset: 0 };
  for (const k of sizes) {
    const { hits, next } = await searched(index, vector, k, where);
    found.push(...hits.map(({ doc_id }) => doc_id));
    where = { cursor: next };
  }
  return found;
}

/** A vector between two words, whose own row is no answer: of no row but of the same kind. */
const between = (a: Float32Array, b: Float32Array) => a.map((value, i) => 0.7 * value + 0.3 * (b[i] ?? 0));

test.each<IndexType>(["IVF_PQ", "IVF_FLAT"])(
  "%s finds what it promises at every k",
  async (indexType) => {
    const index = indexType.toLowerCase().replace("_", "-");
    const job = await runJob(container, { type: "migrate", index, source: "examples/words", indexType });
    expect(job.error).toBeNull();
    rows ??= await vectors(index);
    const { recall } = await describeIndex(container.registry, container.indexes, container.fallbacks, index);
    expect(recall?.atK?.map(({ k }) => k)).toEqual([1, 10, 100]);
    for (const { measured } of recall?.atK ?? []) expect(measured).toBeGreaterThanOrEqual(0.95);
    const queries = Array.from({ length: asked }, (_, i) =>
      between(rows[i * 241]?.vector as Float32Array, rows[i * 97 + 13]?.vector as Float32Array),
    );
    const nearest = queries.map(nearestTo);
    for (const k of [1, 2, 5, 10, 30, 100, 300]) {
      const recalls: number[] = [];
      for (const [i, query] of queries.entries()) {
        const { hits } = await searched(index, query, k);
        recalls.push(
          recallOf(
            nearest[i]?.slice(0, k) ?? [],
            hits.map(({ doc_id }) => doc_id),
          ),
        );
      }
      const mean = recalls.reduce((sum, one) => sum + one, 0) / asked;
      expect(mean, `recall@${k}`).toBeGreaterThanOrEqual(0.92);
    }
    const deep: Record<number, number[]> = { 100: [], 1000: [], 5000: [] };
    for (const [i, query] of queries.slice(0, 8).entries()) {
      const walked = await pagesOf(index, query, [10, 90, 400, 500, 1_000, 1_000, 1_000, 1_000]);
      expect(new Set(walked).size).toBe(5_000);
      for (const [depth, recalls] of Object.entries(deep))
        recalls.push(recallOf(nearest[i]?.slice(0, Number(depth)) ?? [], walked.slice(0, Number(depth))));
    }
    for (const [depth, recalls] of Object.entries(deep)) {
      const mean = recalls.reduce((sum, one) => sum + one, 0) / recalls.length;
      expect(mean, `recall of pages ${depth} deep`).toBeGreaterThanOrEqual(0.9);
    }
    const { performance } = await searched(index, queries[0] as Float32Array, 1, {
      nprobes: 1,
      refineFactor: 1,
    });
    expect(performance).toMatchObject({ nprobes: 1, refineFactor: 1 });
  },
  120_000,
);

/** As they are stored. */
async function vectors(index: string) {
  const connection = await connect(join(lakehouse.root, "data/lance", index));
  const table = await connection.openTable("g1");
  const found = await table.query().select(["doc_id", "vector"]).toArray();
  table.close();
  connection.close();
  return found.map(({ doc_id, vector }) => ({ doc_id: String(doc_id), vector: Float32Array.from(vector) }));
}
