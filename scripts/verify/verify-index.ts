import { LanceConnections } from "../../lib/adapters/lance/tables/connections.ts";
import { storesFor } from "../../lib/adapters/store/stores.ts";
import { readEnvironment } from "../../lib/config/environment.ts";
import { loadBuckets } from "../../lib/config/lakehouse.ts";
import { limits } from "../../lib/config/limits.ts";
import type { GenerationRef, Publication } from "../../lib/domain/index/index-entry.ts";
import { IndexRegistry } from "../../lib/domain/index/index-registry.ts";
import { splitSource } from "../../lib/domain/names.ts";
import type { ObjectStore } from "../../lib/domain/object-store.ts";
import { type Comparison, compareRows } from "./compare-rows.ts";
import { generationRows } from "./generation-rows.ts";
import { type ParquetInput, parquetRows } from "./parquet-rows.ts";
import { withoutBadVectors } from "./without-bad-vectors.ts";

export interface Verified extends Comparison {
  ref: GenerationRef;
  sourceName: string;
  files: number;
}

/**
 * Compares the published rows of an index with its source, by id and vector. It reads the registry and the buckets of
 * lakehouse.toml, and starts no workflow: nothing is written, no job taken over.
 * @param source bucket and key or prefix, as a job is told; without it the one that was published
 */
export async function verifyIndex(
  index: string,
  source?: string,
  variables = process.env,
): Promise<Verified> {
  const environment = readEnvironment(variables);
  const buckets = loadBuckets(environment);
  const stores = storesFor(buckets);
  const registry = new IndexRegistry(stores("primary"), { now: () => Date.now() });
  const { published } = (await registry.get(index)).value;
  if (!published) throw new Error(`nothing is published of index "${index}"`);
  const from = source ?? published.source;
  if (!from.includes("/"))
    throw new Error(`"${index}" was built from ${from}: name the Parquet to compare it with`);
  const files = await sourceFiles(stores(splitSource(from).bucket), splitSource(from).key);
  if (files.length === 0) throw new Error(`${from} holds no Parquet file`);
  const connections = new LanceConnections(
    buckets,
    environment.CONTAINER_MEMORY_MB ?? limits.defaultMemoryMb,
  );
  const ref = { index, bucket: published.bucket, generation: published.generation };
  try {
    return {
      ref,
      sourceName: from,
      files: files.length,
      ...(await compared(connections, ref, published, files)),
    };
  } finally {
    await connections.close();
  }
}

async function compared(
  connections: LanceConnections,
  ref: GenerationRef,
  columns: Publication,
  files: ParquetInput[],
): Promise<Comparison> {
  return connections.use(ref.bucket, ref.index, async (connection) => {
    const table = await connection.openTable(ref.generation);
    try {
      const source = () => parquetRows(files, columns);
      return await compareRows(
        () => (columns.skippedRows ? withoutBadVectors(source(), columns) : source()),
        () => generationRows(table, columns),
      );
    } finally {
      table.close();
    }
  });
}

/** A file, or all under a prefix that are Parquet by name; hidden ones and markers are no data. */
async function sourceFiles(store: ObjectStore, key: string): Promise<ParquetInput[]> {
  if ((await store.stat(key)) !== undefined) return [{ store, key }];
  const found = await store.list(`${key}/`);
  const isData = (path: string) =>
    /\.(parquet|parq|pq)$/i.test(path) && !/(^|\/)(\.|_(?![^/]*=.*\/))/.test(path);
  return found.filter((one) => isData(one.key.slice(key.length + 1))).map((one) => ({ store, key: one.key }));
}
