import type { Table } from "@lancedb/lancedb";
import { RowSums } from "./row-sums.ts";
import { type ComparedColumns, type RowBatch, rowBatch } from "./rows.ts";

/** Rows of a LanceDB table, batch by batch as its own client scans them. */
export async function* generationRows(table: Table, columns: ComparedColumns): AsyncGenerator<RowBatch> {
  const { idColumn, vectorColumn } = columns;
  for await (const batch of table.query().select([idColumn, vectorColumn]))
    yield rowBatch(batch.getChild(idColumn), batch.getChild(vectorColumn), batch.numRows);
}

/** Row count and checksum of a generation's table, to be compared with those of its source. */
export function checksumOfGeneration(table: Table, columns: ComparedColumns): Promise<RowSums> {
  return RowSums.of(generationRows(table, columns));
}
