import type { Table } from "apache-arrow";
import type { Document } from "../../../domain/search/search-response.ts";
import { type FittingRows, rowsThatFit } from "./answer-rows.ts";

/** The first rows of an answer as documents, as many as have room. @param count of its rows, at most */
export function documentsThatFit(
  found: Table,
  idColumn: string,
  columns: string[],
  count = found.numRows,
): FittingRows<Document> {
  const rows = Array.from({ length: count }, (_, row) => ({ row }));
  return documentsAt(found, idColumn, columns, rows);
}

/** The same of some rows, in their order. */
export function documentsAt(
  found: Table,
  idColumn: string,
  columns: string[],
  rows: { row: number }[],
): FittingRows<Document> {
  const ids = found.getChild(idColumn);
  return rowsThatFit({ found, columns, rows }, (values, { row }) => ({
    doc_id: String(ids?.get(row)),
    ...values,
  }));
}
