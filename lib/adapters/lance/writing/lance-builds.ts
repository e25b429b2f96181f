import { Index, type IndexOptions } from "@lancedb/lancedb";
import type { Builds } from "../../../domain/build/builds.ts";
import type { WritePermit } from "../../../domain/index/generations.ts";
import type { GenerationRef, IndexParameters, IndexType, Metric } from "../../../domain/index/index-entry.ts";
import type { Stores } from "../../../domain/object-store.ts";
import type { ValueWidth } from "../../../domain/source/filter-columns.ts";
import type { TextIndex } from "../../../domain/text/full-text.ts";
import { folderOf } from "../files/generation-folder.ts";
import { indicesOn } from "../indices-on.ts";
import { clustersIn } from "../lance-errors.ts";
import type { LanceTables } from "../tables/lance-tables.ts";
import { inOwnFolder } from "../tables/own-folder.ts";
import { isIndexedAs, otherTextIndexes, textIndexOptions } from "../text-indexes.ts";
import { optimized } from "./compact-table.ts";
import { copyVersion } from "./fork-table.ts";
import { scalarIndexOn, sorted, sorting, widthOf } from "./scalar-index.ts";

/** Builds on LanceDB tables, in temporary folders of their own. */
export class LanceBuilds implements Builds {
  readonly #tables: LanceTables;
  readonly #stores: Stores;

  constructor(tables: LanceTables, stores: Stores) {
    this.#tables = tables;
    this.#stores = stores;
  }

  async fork(from: GenerationRef, version: number, to: GenerationRef, permit: WritePermit): Promise<void> {
    await copyVersion(this.#stores(from.bucket), folderOf(from), version, folderOf(to), permit);
  }

  async optimize(ref: GenerationRef, permit: WritePermit): Promise<void> {
    await this.#tables.with(ref, (table) => inOwnFolder(() => optimized(table, permit)));
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
    const before = await this.#tables.version(ref);
    try {
      await this.#tables.with(ref, async (table) => {
        await permit();
        await inTurn(() => inOwnFolder(() => table.createIndex(column, options)));
      });
    } catch (error) {
      if (!(await this.#isIndexedSince(ref, column, options, before).catch(() => false))) throw error;
    }
  }

  async #isIndexedSince(
    ref: GenerationRef,
    column: string,
    { name }: Partial<IndexOptions>,
    version: number,
  ): Promise<boolean> {
    return this.#tables.with(ref, async (table) => {
      if ((await table.version()) === version) return false;
      const all = await indicesOn(table, column);
      const built = all.find((one) => (name ? one.name === name : one.indexType !== "FTS"));
      const stats = built && (await table.indexStats(built.name));
      return stats !== undefined && stats.numIndexedRows > 0 && stats.numUnindexedRows === 0;
    });
  }

  async dropVectorIndex(ref: GenerationRef, column: string, permit: WritePermit): Promise<void> {
    await this.#tables.with(ref, async (table) => {
      await permit();
      for (const { name } of await indicesOn(table, column)) await table.dropIndex(name);
    });
  }

  async buildTextIndexes(ref: GenerationRef, all: TextIndex[], permit: WritePermit): Promise<void> {
    await this.#tables.with(ref, async (table) => {
      for (const name of await otherTextIndexes(table, all)) {
        await permit();
        await table.dropIndex(name);
      }
    });
    for (const index of all) {
      if (await this.#tables.with(ref, (table) => isIndexedAs(table, index))) continue;
      await this.#index(ref, index.column, textIndexOptions(index), permit, sorting);
    }
  }

  async buildScalarIndex(ref: GenerationRef, column: string, permit: WritePermit): Promise<void> {
    const config = await this.#tables.with(ref, (table) => scalarIndexOn(table, column));
    await sorted(column, () => this.#index(ref, column, { config, replace: true }, permit, sorting));
  }

  async widthOf(ref: GenerationRef, column: string): Promise<ValueWidth> {
    return this.#tables.with(ref, (table) => widthOf(table, column));
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
