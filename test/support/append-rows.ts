import type { Connection } from "@lancedb/lancedb";
import { LanceConnections } from "../../lib/adapters/lance/tables/connections.ts";
import { readEnvironment } from "../../lib/config/environment.ts";
import { loadBuckets } from "../../lib/config/lakehouse.ts";
import type { GenerationRef } from "../../lib/domain/index/index-entry.ts";
import type { Row } from "./parquet-files.ts";

/** Appends rows to a generation as any LanceDB client can, wherever its bucket is. */
export async function appendRows(environment: Record<string, string>, ref: GenerationRef, rows: Row[]) {
  await withTable(environment, ref, (table) => table.add(rows as Record<string, unknown>[]));
}

/** What LanceDB tells its users to do after they appended. */
export async function optimizeAsClient(environment: Record<string, string>, ref: GenerationRef) {
  await withTable(environment, ref, (table) => table.optimize());
}

type Table = Awaited<ReturnType<Connection["openTable"]>>;

/** Works with the table of a generation as any LanceDB client can, wherever its bucket is. */
export async function withTable<T>(
  environment: Record<string, string>,
  { generation, ...at }: GenerationRef,
  work: (table: Table) => Promise<T>,
): Promise<T> {
  return withConnection(environment, at, async (connection) => {
    const table = await connection.openTable(generation);
    try {
      return await work(table);
    } finally {
      table.close();
    }
  });
}

/** Works with all tables of an index. */
export async function withConnection<T>(
  environment: Record<string, string>,
  { bucket, index }: Pick<GenerationRef, "bucket" | "index">,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connections = new LanceConnections(loadBuckets(readEnvironment(environment)), 256);
  try {
    return await connections.use(bucket, index, work);
  } finally {
    await connections.close();
  }
}
