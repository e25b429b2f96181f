import { type Connection, Index, type IndexOptions, type Table } from "@lancedb/lancedb";
import { limits } from "../../config/limits.ts";
import type { Column, GenerationRef, IndexParameters, IndexType, Metric } from "../../domain/index-entry.ts";
import type { Generations, RecallProbe, Stores, TargetSchema, VectorIndexState } from "../../domain/ports.ts";
import "../arrow/all-null-booleans.ts";
import { columnsOf, loadSchema, originColumn } from "../arrow/arrow-schema.ts";
import { appendIpc } from "./append-ipc.ts";
import type { LanceConnections } from "./connections.ts";
import { copyToDisk } from "./disk-copy.ts";
import { DuplicateFinder } from "./duplicate-finder.ts";
import { copyVersion } from "./fork-table.ts";
import { folderOf } from "./generation-folder.ts";
import { indicesOn } from "./indices-on.ts";
import { fromLance, isGone } from "./lance-errors.ts";
import { LanceRecallProbe } from "./lance-recall-probe.ts";
import { partitionsIn } from "./partitions.ts";

/** Generations as LanceDB tables. Handles are opened for each task and closed after it: no stale one is ever written through. */
export class LanceGenerations implements Generations {
  readonly #connections: LanceConnections;
  readonly #stores: Stores;

  constructor(connections: LanceConnections, stores: Stores) {
    this.#connections = connections;
    this.#stores = stores;
  }

  async create(ref: GenerationRef, target: TargetSchema): Promise<void> {
    await classified(async () => {
      const connection = await this.#connections.get(ref.bucket, ref.index);
      const options = { mode: "create", existOk: true } as const;
      (await connection.createEmptyTable(ref.generation, loadSchema(target), options)).close();
    });
  }

  async append(ref: GenerationRef, ipc: Uint8Array): Promise<void> {
    await this.#with(ref, (table) => appendIpc(table, ipc));
  }

  async version(ref: GenerationRef): Promise<number> {
    return this.#with(ref, (table) => table.version());
  }

  async versionIfThere(ref: GenerationRef): Promise<number | null> {
    try {
      return await this.version(ref);
    } catch (error) {
      if (isGone(error)) return null;
      throw error;
    }
  }

  async rowsOf(ref: GenerationRef): Promise<number> {
    return this.#with(ref, (table) => table.countRows());
  }

  async rowsOfUnit(ref: GenerationRef, unit: number): Promise<number> {
    return this.#with(ref, (table) => table.countRows(originsOf(unit)));
  }

  async deleteUnit(ref: GenerationRef, unit: number): Promise<void> {
    await this.#with(ref, (table) => table.delete(originsOf(unit)));
  }

  async tally(ref: GenerationRef, version: number, idColumn: string) {
    return this.#with(ref, async (table) => {
      await table.checkout(version);
      const finder = new DuplicateFinder(await table.countRows());
      const scan = () => table.query().select([idColumn, originColumn]);
      for await (const batch of scan()) finder.add(batch, idColumn);
      const suspects = finder.suspects();
      if (suspects.size > 0) for await (const batch of scan()) finder.confirm(batch, idColumn, suspects);
      return { rowsByUnit: finder.rowsByUnit, duplicates: finder.duplicates() };
    });
  }

  async fork(from: GenerationRef, version: number, to: GenerationRef): Promise<void> {
    await copyVersion(this.#stores(from.bucket), folderOf(from), version, folderOf(to));
  }

  async deleteOrigins(ref: GenerationRef, origins: bigint[]): Promise<void> {
    for (let i = 0; i < origins.length; i += 1_000) {
      const some = origins.slice(i, i + 1_000).join(", ");
      await this.#with(ref, (table) => table.delete(`${originColumn} IN (${some})`));
    }
  }

  async dropOriginColumn(ref: GenerationRef): Promise<void> {
    await this.#with(ref, (table) => table.dropColumns([originColumn]));
  }

  async compact(ref: GenerationRef): Promise<boolean> {
    return this.#with(ref, async (table) => {
      const { numRows, fragmentStats } = await table.stats();
      const fragments = Number(fragmentStats.numFragments);
      const pays =
        fragments >= limits.compactFromFragments && Number(numRows) / fragments < limits.compactBelowRows;
      if (pays) await optimized(table);
      return pays;
    });
  }

  async optimize(ref: GenerationRef): Promise<void> {
    await this.#with(ref, optimized);
  }

  async vectorIndex(ref: GenerationRef, column: string, dimension: number): Promise<VectorIndexState | null> {
    return this.#with(ref, async (table) => {
      const [built] = await indicesOn(table, column);
      const stats = built && (await table.indexStats(built.name));
      if (!stats) return null;
      const parts = stats.numIndices ?? 1;
      const partitions = await partitionsIn(table, column, dimension);
      return { unindexedRows: stats.numUnindexedRows, parts, partitions: partitions && partitions / parts };
    });
  }

  async buildVectorIndex(
    ref: GenerationRef,
    column: string,
    type: IndexType,
    metric: Metric,
    p: IndexParameters,
  ) {
    const config = indexConfig(type, metric, p);
    await this.#index(ref, column, { config, replace: true, name: vectorIndexName(column) });
  }

  /** When the answer to its own commit was lost, LanceDB takes that commit for another's and gives up. */
  async #index(ref: GenerationRef, column: string, options: Partial<IndexOptions>): Promise<void> {
    const before = await this.version(ref);
    try {
      await this.#with(ref, (table) => table.createIndex(column, options));
    } catch (error) {
      if (!(await this.#isIndexedSince(ref, column, before).catch(() => false))) throw error;
    }
  }

  async #isIndexedSince(ref: GenerationRef, column: string, version: number): Promise<boolean> {
    return this.#with(ref, async (table) => {
      if ((await table.version()) === version) return false;
      const [built] = await indicesOn(table, column);
      const stats = built && (await table.indexStats(built.name));
      return stats !== undefined && stats.numIndexedRows > 0 && stats.numUnindexedRows === 0;
    });
  }

  async dropVectorIndex(ref: GenerationRef, column: string): Promise<void> {
    await this.#with(ref, async (table) => {
      for (const { name } of await indicesOn(table, column)) await table.dropIndex(name);
    });
  }

  async buildScalarIndex(ref: GenerationRef, column: string): Promise<void> {
    await this.#index(ref, column, { config: Index.btree(), replace: true });
  }

  async probe(
    ref: GenerationRef,
    columns: { id: string; vector: string },
    metric: Metric,
  ): Promise<RecallProbe> {
    const { connection, close } = await this.#nearby(ref);
    try {
      const table = await connection.openTable(ref.generation);
      return new LanceRecallProbe(table, columns, metric, close);
    } catch (error) {
      await close();
      throw fromLance(error);
    }
  }

  /** On this machine's disk where it can be: a probe's searches would cost a store thousands of requests. */
  async #nearby(ref: GenerationRef): Promise<{ connection: Connection; close: () => Promise<void> }> {
    const copy = this.#connections.isRemote(ref.bucket)
      ? await copyToDisk(this.#stores(ref.bucket), folderOf(ref))
      : undefined;
    if (!copy)
      return {
        connection: await this.#connections.get(ref.bucket, ref.index),
        close: async () => undefined,
      };
    const connection = await this.#connections.onDisk(copy.folder).catch(async (error) => {
      await copy.remove();
      throw error;
    });
    const close = async () => {
      connection.close();
      await copy.remove();
    };
    return { connection, close };
  }

  async columns(ref: GenerationRef): Promise<Column[]> {
    return this.#with(ref, async (table) => columnsOf(await table.schema()));
  }

  async drop(ref: GenerationRef): Promise<void> {
    await this.#stores(ref.bucket).deletePrefix(folderOf(ref));
  }

  async list(bucket: string, index: string): Promise<string[]> {
    return classified(async () => (await this.#connections.get(bucket, index)).tableNames());
  }

  async #with<T>(ref: GenerationRef, work: (table: Table) => Promise<T>): Promise<T> {
    return classified(async () => {
      const connection = await this.#connections.get(ref.bucket, ref.index);
      const table = await connection.openTable(ref.generation);
      try {
        return await work(table);
      } finally {
        table.close();
      }
    });
  }
}

async function classified<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fromLance(error);
  }
}

/** A second call, since the first keeps what it has just replaced. Nobody else has the generation open. */
async function optimized(table: Table): Promise<void> {
  await table.optimize();
  await table.optimize({ cleanupOlderThan: new Date(), deleteUnverified: true });
}

const vectorIndexName = (column: string) => `${column}_idx`;

function originsOf(unit: number): string {
  const first = BigInt(unit) << 32n;
  return `${originColumn} >= ${first} AND ${originColumn} < ${first + (1n << 32n)}`;
}

function indexConfig(type: IndexType, distanceType: Metric, p: IndexParameters): Index {
  switch (type) {
    case "IVF_PQ":
      return Index.ivfPq({ distanceType, ...p });
    case "IVF_RQ":
      return Index.ivfRq({ distanceType, ...p });
    case "IVF_FLAT":
      return Index.ivfFlat({ distanceType, ...p });
    case "HNSW_SQ":
      return Index.hnswSq({ distanceType, ...p });
  }
}
