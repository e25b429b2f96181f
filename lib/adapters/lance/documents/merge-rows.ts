import type { Table } from "@lancedb/lancedb";
import type { Table as ArrowTable } from "apache-arrow";
import { limits } from "../../../config/limits.ts";

/** Replaces rows by their ids, in one commit. @param unmatched what becomes of those whose ids are not there */
export async function mergeRows(
  table: Table,
  idColumn: string,
  rows: ArrowTable,
  unmatched: "inserted" | "left" = "inserted",
) {
  const replacing = table.mergeInsert(idColumn).whenMatchedUpdateAll();
  const merge = unmatched === "left" ? replacing : replacing.whenNotMatchedInsertAll();
  const merged = await merge.execute(rows, { timeoutMs: limits.defaultRequestTimeoutMs });
  await table.schema(); // the merge has asked for it, too, and until it has its answer the table cannot be closed
  return merged;
}
