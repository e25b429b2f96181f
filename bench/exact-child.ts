import type { Table } from "@lancedb/lancedb";
import { bareTable } from "./bare-search.ts";
import { freshQueries, sourceName } from "./bench-set.ts";
import { answerParent } from "./child.ts";

interface Input {
  index: string;
  queries: number;
  dimension: number;
  /** Only rows of one source count, another for each batch of queries. */
  filtered: boolean;
  /** Vectors compared in one scan: five times cheaper a vector than a scan each. */
  batch: number;
}

/** The ids of the ten nearest rows of each fresh query, every row compared. */
async function exact({ index, queries, dimension, filtered, batch }: Input): Promise<string[][]> {
  const { table } = await bareTable(index);
  const vectors = await freshQueries(queries, dimension);
  const neighbours: string[][] = [];
  for (let i = 0; i < queries; i += batch) {
    const where = filtered ? `source = '${sourceName(i / batch)}'` : undefined;
    neighbours.push(...(await nearest(table, vectors.slice(i, i + batch), where)));
  }
  return neighbours;
}

async function nearest(table: Table, [first, ...others]: Float32Array[], where?: string) {
  if (!first) return [];
  let search = table.query().nearestTo(first).distanceType("cosine").bypassVectorIndex().limit(10);
  for (const vector of others) search = search.addQueryVector(vector);
  if (where) search = search.where(where);
  const rows = await search.select(["doc_id", "_distance"]).toArray();
  const neighbours = [first, ...others].map((): string[] => []);
  for (const { query_index, doc_id } of rows) neighbours[query_index ?? 0]?.push(doc_id);
  return neighbours;
}

await answerParent(exact);
