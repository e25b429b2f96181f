import { connect, type Table } from "@lancedb/lancedb";
import { leastEf } from "../lib/adapters/lance/reading/least-ef.ts";
import { container } from "../lib/container.ts";
import { lanceUriFor } from "../lib/domain/bucket.ts";
import type { Publication, SearchDefaults } from "../lib/domain/index/index-entry.ts";

const k = 10;

/** What is published of an index, and its table opened without any of the project's own layers. */
export async function bareTable(
  index: string,
  storageOptions: Record<string, string> = {},
): Promise<{ table: Table; published: Publication }> {
  const { registry, buckets } = container();
  const { published } = (await registry.get(index)).value;
  if (!published) throw new Error("nothing is published");
  const connection = await connect(lanceUriFor(buckets, published.bucket, index), { storageOptions });
  return { table: await connection.openTable(published.generation), published };
}

/** As somebody would write it who knows the settings. */
export async function bareSearch(
  table: Table,
  vector: Float32Array,
  { metric, searchDefaults }: Pick<Publication, "metric" | "searchDefaults">,
  settings: SearchDefaults = searchDefaults,
): Promise<{ doc_id: string }[]> {
  const { nprobes, refineFactor, ef } = settings;
  let search = table.query().nearestTo(vector).distanceType(metric).limit(k);
  if (nprobes !== undefined) search = search.nprobes(nprobes);
  if (refineFactor !== undefined) search = search.refineFactor(refineFactor);
  if (ef !== undefined) search = search.ef(leastEf(settings, k));
  return search.select(["doc_id", "chunk_text", "_distance"]).toArray();
}
