import type {
  Generations,
  StoredColumns,
  VectorIndexState,
  WritePermit,
} from "../../../domain/index/generations.ts";
import type { GenerationRef } from "../../../domain/index/index-entry.ts";
import type { Openings } from "../../../domain/index/openings.ts";
import type { Stores } from "../../../domain/object-store.ts";
import { columnsOf } from "../../arrow/arrow-schema.ts";
import { typeNamed } from "../../arrow/stored-types.ts";
import { folderOf } from "../files/generation-folder.ts";
import { indicesOn } from "../indices-on.ts";
import { isGone } from "../lance-errors.ts";
import type { LanceTables } from "../tables/lance-tables.ts";
import { partitionsIn } from "./partitions.ts";

/** Generations as LanceDB tables. */
export class LanceGenerations implements Generations {
  readonly openings: Openings;
  readonly #tables: LanceTables;
  readonly #stores: Stores;

  constructor(tables: LanceTables, stores: Stores, openings: Openings) {
    this.openings = openings;
    this.#tables = tables;
    this.#stores = stores;
  }

  async version(ref: GenerationRef): Promise<number> {
    return this.#tables.version(ref);
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
    return this.#tables.with(ref, (table) => table.countRows());
  }

  async counted(ref: GenerationRef): Promise<{ rows: number; version: number }> {
    return this.#tables.with(ref, async (table) => ({
      rows: await table.countRows(),
      version: await table.version(),
    }));
  }

  async columns(ref: GenerationRef, version: number): Promise<StoredColumns> {
    return this.#tables.with(ref, async (table) => {
      await table.checkout(version);
      const all = columnsOf(await table.schema());
      return { all, carried: all.filter(({ type }) => typeNamed(type)) };
    });
  }

  async vectorIndex(ref: GenerationRef, column: string, dimension: number): Promise<VectorIndexState | null> {
    return this.#tables.with(ref, async (table) => {
      const [built] = await indicesOn(table, column);
      const stats = built && (await table.indexStats(built.name));
      if (!stats) return null;
      const parts = stats.numIndices ?? 1;
      const partitions = await partitionsIn(table, column, dimension);
      if (partitions === null) this.#tables.fallbacksOf(ref).happened("partition-count", "not-told");
      return { unindexedRows: stats.numUnindexedRows, parts, partitions: partitions && partitions / parts };
    });
  }

  /** Of all that Lance commits, only a version that is restored goes with nothing that began before it. */
  async fence(ref: GenerationRef, version: number, permit: WritePermit): Promise<number> {
    return this.#tables.with(ref, async (table) => {
      await table.checkout(version);
      await permit();
      await table.restore();
      return table.version();
    });
  }

  async drop(ref: GenerationRef): Promise<void> {
    await this.#stores(ref.bucket).deletePrefix(folderOf(ref));
  }

  async list(bucket: string, index: string): Promise<string[]> {
    return this.#tables.connected({ bucket, index }, (connection) => connection.tableNames());
  }
}
