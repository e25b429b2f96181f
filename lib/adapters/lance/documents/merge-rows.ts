import type { Table } from "@lancedb/lancedb";
import type { Table as ArrowTable } from "apache-arrow";
import { limits } from "../../../config/limits.ts";

/** Upserts rows by their ids, in one commit. */
export async function mergeRows(table: Table, idColumn: string, rows: ArrowTable) {
  const merge = table.mergeInsert(idColumn).whenMatchedUpdateAll().whenNotMatchedInsertAll();
  const merged = await merge.execute(rows, { timeoutMs: limits.defaultRequestTimeoutMs });
  await table.schema(); // the merge has asked for it, too, and until it has its answer the table cannot be closed
  return merged;
}
