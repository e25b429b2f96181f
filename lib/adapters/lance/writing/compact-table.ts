import type { Table } from "@lancedb/lancedb";
import { limits } from "../../../config/limits.ts";
import type { WritePermit } from "../../../domain/index/generations.ts";
import { sorting } from "./scalar-index.ts";

/** Whether a table has so many so small fragments that joining them is worth writing all rows again. */
export async function compactionPays(table: Table): Promise<boolean> {
  const { numRows, fragmentStats } = await table.stats();
  const fragments = Number(fragmentStats.numFragments);
  return fragments >= limits.compactFromFragments && Number(numRows) / fragments < limits.compactBelowRows;
}

/**
 * Joins small fragments and removes what they replace, with the versions that name it. The seal of the load is one of
 * these, and Lance looks for conflicts in the versions there are: before it goes, another commit says the same of the id
 * column, which is the newest version then and stays. Where an attempt ended in between, the column tells the next.
 */
export async function compactTable(table: Table, idColumn: string): Promise<void> {
  const path = `\`${idColumn}\``;
  await table.optimize();
  await table.alterColumns([{ path, nullable: false }]);
  await table.optimize({ cleanupOlderThan: new Date() });
  await table.alterColumns([{ path, nullable: true }]);
}

/** A second call, since the first keeps what it has just replaced. Nobody else has the generation open: that is asked again. */
export async function optimized(table: Table, permit: WritePermit): Promise<void> {
  await permit();
  await sorting(() => table.optimize());
  await permit();
  await sorting(() => table.optimize({ cleanupOlderThan: new Date(), deleteUnverified: true }));
}
