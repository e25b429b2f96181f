import { type Connection, Index, type IndexOptions, type Table } from "@lancedb/lancedb";
import type {
  Generations,
  ValueWidth,
  VectorIndexState,
  WritePermit,
} from "../../../domain/index/generations.ts";
import type {
  Column,
  GenerationRef,
  IndexParameters,
  IndexType,
  Metric,
} from "../../../domain/index/index-entry.ts";
import type { Seal } from "../../../domain/load/sealed-table.ts";
import type { Stores } from "../../../domain/object-store.ts";
import type { RecallProbe } from "../../../domain/recall/recall-probe.ts";
import type { TargetSchema } from "../../../domain/source/parquet-source.ts";
import "../../arrow/all-null-booleans.ts";
import { columnsOf, loadSchema, originColumn } from "../../arrow/arrow-schema.ts";
import { folderOf } from "../files/generation-folder.ts";
import { indicesOn } from "../indices-on.ts";
import { changedMeanwhile, clustersIn, fromLance, isGone } from "../lance-errors.ts";
import { LanceRecallProbe } from "../recall/lance-recall-probe.ts";
import { copyToDisk } from "../replicas/disk-copy.ts";
import type { LanceConnections } from "../tables/connections.ts";
import { inOwnFolder } from "../tables/own-folder.ts";
import { appendIpc } from "./append-ipc.ts";
import { compactionPays, compactTable, optimized } from "./compact-table.ts";
import { copyVersion } from "./fork-table.ts";
import { partitionsIn } from "./partitions.ts";
import { scalarIndex, sorted, sorting, widthOf } from "./scalar-index.ts";
import { isOriginColumn, originsOf, requireColumn, sealTable, unsealTable } from "./seal-table.ts";
import { tally } from "./tally.ts";

/** Generations as LanceDB tables. Handles are opened for each task and closed after it: no stale one is ever written through. */
export class LanceGenerations implements Generations {
  readonly #connections: LanceConnections;
  readonly #stores: Stores;

  constructor(connections: LanceConnections, stores: Stores) {
    this.#connections = connections;
    this.#stores = stores;
  }

  async create(ref: GenerationRef, target: TargetSchema): Promise<void> {
    const options = { mode: "create", existOk: true } as const;
    await this.#connected(ref, async (connection) =>
      (await connection.createEmptyTable(ref.generation, loadSchema(target), options)).close(),
    );
  }

  async append(ref: GenerationRef, ipc: Uint8Array): Promise<void> {
    await this.#withColumn(ref, originColumn, (table) => appendIpc(table, ipc));
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
    return this.#withColumn(ref, originColumn, (table) => table.countRows(originsOf(originColumn, unit)));
  }

  async seal(ref: GenerationRef): Promise<Seal> {
    return this.#untilChanged(ref, isOriginColumn, sealTable);
  }

  async unseal(ref: GenerationRef, seal: Seal): Promise<void> {
    await this.#withColumn(ref, seal.column, (table) => unsealTable(table, seal));
  }

  async tally(ref: GenerationRef, seal: Seal, idColumn: string) {
    return this.#withColumn(ref, seal.column, (table) => tally(table, seal, idColumn));
  }

  async deleteUnit(ref: GenerationRef, { column }: Seal, unit: number): Promise<void> {
    await this.#withColumn(ref, column, (table) => table.delete(originsOf(column, unit)));
  }

  async deleteOrigins(ref: GenerationRef, { column }: Seal, origins: bigint[]): Promise<void> {
    for (let i = 0; i < origins.length; i += 1_000) {
      const some = origins.slice(i, i + 1_000).join(", ");
      await this.#withColumn(ref, column, (table) => table.delete(`${column} IN (${some})`));
    }
  }

  async dropOrigins(ref: GenerationRef, { column }: Seal): Promise<void> {
    await this.#withColumn(ref, column, (table) => table.dropColumns([column]));
  }

  async takesAppends(ref: GenerationRef): Promise<boolean> {
    return (await this.columns(ref)).some(({ name }) => name === originColumn);
  }

  async hasOrigins(ref: GenerationRef): Promise<boolean> {
    return (await this.columns(ref)).some(({ name }) => isOriginColumn(name));
  }

  async compact(ref: GenerationRef, idColumn: string, permit: WritePermit): Promise<boolean> {
    return this.#with(ref, async (table) => {
      const isBegun = (await table.schema()).fields.some(
        ({ name, nullable }) => name === idColumn && !nullable,
      );
      const pays = isBegun || (await compactionPays(table));
      await permit();
      if (pays) await compactTable(table, idColumn);
      return pays;
    }).catch((error) => {
      throw isGone(error) ? changedMeanwhile(error) : error; // another attempt is ahead and has removed what this one reads
    });
  }

  async fork(from: GenerationRef, version: number, to: GenerationRef, permit: WritePermit): Promise<void> {
    await copyVersion(this.#stores(from.bucket), folderOf(from), version, folderOf(to), permit);
  }

  async optimize(ref: GenerationRef, permit: WritePermit): Promise<void> {
    await this.#with(ref, (table) => inOwnFolder(() => optimized(table, permit)));
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
    permit: WritePermit,
  ) {
    const config = indexConfig(type, metric, p);
    try {
      await this.#index(ref, column, { config, replace: true, name: vectorIndexName(column) }, permit);
      return undefined;
    } catch (error) {
      const clusters = clustersIn(error);
      if (clusters === undefined) throw error;
      return clusters;
    }
  }

  /** When the answer to its own commit was lost, LanceDB takes that commit for another's and gives up. */
  async #index(
    ref: GenerationRef,
    column: string,
    options: Partial<IndexOptions>,
    permit: WritePermit,
    inTurn = now,
  ): Promise<void> {
    const before = await this.version(ref);
    try {
      await this.#with(ref, async (table) => {
        await permit();
        await inTurn(() => inOwnFolder(() => table.createIndex(column, options)));
      });
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

  async dropVectorIndex(ref: GenerationRef, column: string, permit: WritePermit): Promise<void> {
    await this.#with(ref, async (table) => {
      await permit();
      for (const { name } of await indicesOn(table, column)) await table.dropIndex(name);
    });
  }

  async buildScalarIndex(ref: GenerationRef, column: string, permit: WritePermit): Promise<void> {
    const config = scalarIndex();
    await sorted(column, () => this.#index(ref, column, { config, replace: true }, permit, sorting));
  }

  async widthOf(ref: GenerationRef, column: string): Promise<ValueWidth> {
    return this.#with(ref, (table) => widthOf(table, column));
  }

  /** Of all that Lance commits, only a version that is restored goes with nothing that began before it. */
  async fence(ref: GenerationRef, version: number, permit: WritePermit): Promise<number> {
    return this.#with(ref, async (table) => {
      await table.checkout(version);
      await permit();
      await table.restore();
      return table.version();
    });
  }

  async probe(ref: GenerationRef, vectorColumn: string, metric: Metric): Promise<RecallProbe> {
    const { connection, close } = await this.#nearby(ref);
    try {
      const table = await connection.openTable(ref.generation);
      return new LanceRecallProbe(table, vectorColumn, metric, close);
    } catch (error) {
      await close();
      throw fromLance(error);
    }
  }

  /** On this machine's disk where it can be: a probe's searches would cost a store thousands of requests. */
  async #nearby(ref: GenerationRef): Promise<{ connection: Connection; close: () => Promise<void> }> {
    const copy = this.#connections.isRemote(ref.bucket)
      ? await copyToDisk(this.#stores(ref.bucket), folderOf(ref), { version: await this.version(ref) })
      : undefined;
    if (!copy) {
      const { connection, release } = await this.#connections.lease(ref.bucket, ref.index);
      return { connection, close: async () => release() };
    }
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
    return this.#connected({ bucket, index }, (connection) => connection.tableNames());
  }

  async #withColumn<T>(ref: GenerationRef, column: string, work: (table: Table) => Promise<T>): Promise<T> {
    return this.#untilChanged(
      ref,
      (name) => name === column,
      async (table) => {
        requireColumn(await table.schema(), column);
        return work(table);
      },
    );
  }

  /** What fails because another attempt at the same task has taken the column away is to be begun again. */
  async #untilChanged<T>(
    ref: GenerationRef,
    isColumn: (name: string) => boolean,
    work: (table: Table) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#with(ref, work);
    } catch (error) {
      const columns = await this.columns(ref).catch(() => undefined);
      if (columns && !columns.some(({ name }) => isColumn(name))) throw changedMeanwhile(error);
      throw error;
    }
  }

  async #with<T>(ref: GenerationRef, work: (table: Table) => Promise<T>): Promise<T> {
    return this.#connected(ref, async (connection) => {
      const table = await connection.openTable(ref.generation);
      try {
        return await work(table);
      } finally {
        table.close();
      }
    });
  }

  async #connected<T>(
    { bucket, index }: Pick<GenerationRef, "bucket" | "index">,
    work: (connection: Connection) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#connections.use(bucket, index, work);
    } catch (error) {
      throw fromLance(error);
    }
  }
}

/** What nobody has to wait for. */
const now = <T>(work: () => Promise<T>): Promise<T> => work();

const vectorIndexName = (column: string) => `${column}_idx`;

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
