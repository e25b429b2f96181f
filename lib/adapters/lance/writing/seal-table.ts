import type { Table } from "@lancedb/lancedb";
import type { Schema } from "apache-arrow";
import type { Seal } from "../../../domain/load/loads.ts";
import { originColumn } from "../../arrow/arrow-schema.ts";
import { changedMeanwhile } from "../lance-errors.ts";

/**
 * The fence between those who load a table and those who count it.
 *
 * Lance commits an append that was begun at version 7 on top of version 12, and so a worker that was thought dead could add
 * its rows to a table that has been counted. One commit keeps it out: the column of origins is renamed and may from then on
 * hold no nulls. An append that began before it is refused at its commit, since Lance cannot know whether its rows fit
 * (`test_non_null_claim_barrier` in Lance's conflict_resolver.rs); one that begins after it has a column that the table lacks.
 * The new name carries the version that was sealed, so that no two seals of a table have the same.
 */
export async function sealTable(table: Table): Promise<Seal> {
  if (sealedColumn(await table.schema())) return sealOf(table);
  requireColumn(await table.schema(), originColumn);
  const rename = `${sealedPrefix}${await table.version()}`;
  await table.alterColumns([{ path: originColumn, rename, nullable: false }]);
  return sealOf(table);
}

/** Opens a sealed table for appends again. */
export async function unsealTable(table: Table, { column }: Seal): Promise<void> {
  await table.alterColumns([{ path: column, rename: originColumn, nullable: true }]);
}

/** @throws StoreUnavailable, to begin again: another attempt at the same task has sealed, opened or finished the table */
export function requireColumn(schema: Schema, column: string): void {
  if (!schema.fields.some(({ name }) => name === column)) throw changedMeanwhile();
}

/** Where origins are in a table: as loaded or as sealed; none once they were dropped. */
export const isOriginColumn = (name: string) => name === originColumn || name.startsWith(sealedPrefix);

/** The rows of a unit: its id is the upper 32 bits of their origins. */
export function originsOf(column: string, unit: number): string {
  const first = BigInt(unit) << 32n;
  return `${column} >= ${first} AND ${column} < ${first + (1n << 32n)}`;
}

const sealedPrefix = "_sealed_";

const sealedColumn = (schema: Schema) =>
  schema.fields.find(({ name }) => name.startsWith(sealedPrefix))?.name;

/** The version that sealed the table is the first with the column: whoever asks, and however late, counts the same rows. */
async function sealOf(table: Table): Promise<Seal> {
  const column = sealedColumn(await table.schema()) as string;
  for (let version = Number(column.slice(sealedPrefix.length)) + 1; ; version++) {
    await table.checkout(version);
    if (sealedColumn(await table.schema()) === column) return { version, column };
  }
}
