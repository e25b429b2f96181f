import { connect, type Table } from "@lancedb/lancedb";
import { handler } from "../functions/search.ts";
import { container } from "../lib/container.ts";
import { lanceUriFor } from "../lib/domain/bucket.ts";
import type { Publication } from "../lib/domain/index-entry.ts";
import { parseSearchRequest, searchIndex } from "../lib/domain/search-index.ts";
import { timed, timesOf } from "./percentiles.ts";
import type { Overhead } from "./results.ts";
import { lambdaContext, searchEvent } from "./search-event.ts";

const ways = ["handler", "useCase", "bare"] as const;
type Way = (typeof ways)[number];
type Search = (vector: Float32Array) => Promise<unknown>;

/**
 * What the stack and the use case cost over LanceDB alone: every query is searched all three ways, each way first as
 * often as the others, so that what the first search of a query leaves warm favours none.
 */
export async function measureOverhead(index: string, queries: Float32Array[]): Promise<Overhead> {
  const searches = await searchesOf(index);
  const times: Record<Way, number[]> = { handler: [], useCase: [], bare: [] };
  for (const vector of queries.slice(0, 30)) for (const way of ways) await searches[way](vector);
  for (const [i, vector] of queries.entries())
    for (let turn = 0; turn < ways.length; turn++) {
      const way = ways[(i + turn) % ways.length] as Way;
      times[way].push((await timed(() => searches[way](vector))).ms);
    }
  const medians = ways.map((way) => [way, timesOf(times[way]).p50]);
  const differences = times.handler.map((ms, i) => ms - (times.bare[i] as number));
  return { ...Object.fromEntries(medians), difference: timesOf(differences).p50 };
}

async function searchesOf(index: string): Promise<Record<Way, Search>> {
  const { registry, buckets, indexes } = container();
  const { published } = (await registry.get(index)).value;
  if (!published) throw new Error("nothing is published");
  const connection = await connect(lanceUriFor(buckets, published.bucket, index));
  const table = await connection.openTable(published.generation);
  const bodyOf = (vector: Float32Array) => ({ vector: [...vector], k: 10, select: ["doc_id", "chunk_text"] });
  return {
    handler: (vector) => handler(searchEvent(index, bodyOf(vector)), lambdaContext),
    useCase: (vector) => searchIndex(indexes, index, parseSearchRequest(bodyOf(vector)), 10_000),
    bare: (vector) => bareSearch(table, vector, published),
  };
}

/** As somebody would write it who knows the settings. */
async function bareSearch(table: Table, vector: Float32Array, { metric, searchDefaults }: Publication) {
  const { nprobes, refineFactor, ef } = searchDefaults;
  let search = table.query().nearestTo(vector).distanceType(metric).limit(10);
  if (nprobes !== undefined) search = search.nprobes(nprobes);
  if (refineFactor !== undefined) search = search.refineFactor(refineFactor);
  if (ef !== undefined) search = search.ef(ef);
  return search.select(["doc_id", "chunk_text", "_distance"]).toArray();
}
