import type { Table } from "@lancedb/lancedb";
import type { WritePermit } from "../../../domain/index/generations.ts";
import type { GenerationRef } from "../../../domain/index/index-entry.ts";
import type { Loads, Seal } from "../../../domain/load/loads.ts";
import type { TargetSchema } from "../../../domain/source/parquet-source.ts";
import "../../arrow/all-null-booleans.ts";
import { loadSchema, originColumn } from "../../arrow/arrow-schema.ts";
import { changedMeanwhile, isGone } from "../lance-errors.ts";
import type { LanceTables } from "../tables/lance-tables.ts";
import { appendIpc } from "./append-ipc.ts";
import { compactionPays, compactTable } from "./compact-table.ts";
import { isOriginColumn, originsOf, requireColumn, sealTable, unsealTable } from "./seal-table.ts";
import { tally } from "./tally.ts";

/** Loads into LanceDB tables, whose column of origins takes or refuses appends. */
export class LanceLoads implements Loads {
  readonly #tables: LanceTables;

  constructor(tables: LanceTables) {
    this.#tables = tables;
  }

  async create(ref: GenerationRef, target: TargetSchema): Promise<void> {
    const options = { mode: "create", existOk: true } as const;
    await this.#tables.connected(ref, async (connection) =>
      (await connection.createEmptyTable(ref.generation, loadSchema(target), options)).close(),
    );
  }

  async append(ref: GenerationRef, ipc: Uint8Array): Promise<void> {
    await this.#withColumn(ref, originColumn, (table) =>
      appendIpc(table, ipc, this.#tables.fallbacksOf(ref)),
    );
  }

  async rowsOfUnit(ref: GenerationRef, unit: number): Promise<number> {
    return this.#withColumn(ref, originColumn, (table) => table.countRows(originsOf(originColumn, unit)));
  }

  async takesAppends(ref: GenerationRef): Promise<boolean> {
    return this.#hasColumn(ref, (name) => name === originColumn);
  }

  async seal(ref: GenerationRef): Promise<Seal> {
    return this.#untilChanged(ref, isOriginColumn, sealTable);
  }

  async unseal(ref: GenerationRef, seal: Seal): Promise<void> {
    await this.#withColumn(ref, seal.column, (table) => unsealTable(table, seal));
  }

  async tally(ref: GenerationRef, seal: Seal, idColumn: string) {
    return this.#withColumn(ref, seal.column, (table) =>
      tally(table, seal, idColumn, this.#tables.fallbacksOf(ref)),
    );
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

  async hasOrigins(ref: GenerationRef): Promise<boolean> {
    return this.#hasColumn(ref, isOriginColumn);
  }

  async dropOrigins(ref: GenerationRef, { column }: Seal): Promise<void> {
    await this.#withColumn(ref, column, (table) => table.dropColumns([column]));
  }

  async compact(ref: GenerationRef, idColumn: string, permit: WritePermit): Promise<boolean> {
    return this.#tables
      .with(ref, async (table) => {
        const isBegun = (await table.schema()).fields.some(
          ({ name, nullable }) => name === idColumn && !nullable,
        );
        const pays = isBegun || (await compactionPays(table));
        await permit();
        if (pays) await compactTable(table, idColumn);
        return pays;
      })
      .catch((error) => {
        throw isGone(error) ? changedMeanwhile(error) : error; // another attempt is ahead and has removed what this one reads
      });
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
      return await this.#tables.with(ref, work);
    } catch (error) {
      const isThere = await this.#hasColumn(ref, isColumn).catch(() => true);
      if (!isThere) throw changedMeanwhile(error);
      throw error;
    }
  }

  async #hasColumn(ref: GenerationRef, isColumn: (name: string) => boolean): Promise<boolean> {
    return this.#tables.with(ref, async (table) =>
      (await table.schema()).fields.some(({ name }) => isColumn(name)),
    );
  }
}
