import type { Table } from "@lancedb/lancedb";
import { limits } from "../../config/limits.ts";

/** Whether a table has so many so small fragments that joining them is worth writing all rows again. */
export async function compactionPays(table: Table): Promise<boolean> {
  const { numRows, fragmentStats } = await table.stats();
  const fragments = Number(fragmentStats.numFragments);
  return fragments >= limits.compactFromFragments && Number(numRows) / fragments < limits.compactBelowRows;
}

/** A second call, since the first keeps what it has just replaced. Nobody else has the generation open. */
export async function optimized(table: Table): Promise<void> {
  await table.optimize();
  await table.optimize({ cleanupOlderThan: new Date(), deleteUnverified: true });
}
