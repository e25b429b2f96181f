import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "@lancedb/lancedb";
import type { Data, Table } from "apache-arrow";
import type { Lakehouse } from "./lakehouse.ts";

/** The tables of an index in the bucket `primary`, as LanceDB's own client sees them. */
export async function storedTables(lakehouse: Lakehouse, index: string): Promise<string[]> {
  return readdir(folderOf(lakehouse, index)).catch((error) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
}

/** Every row of the only table of an index, read without this project. */
export async function storedTable(lakehouse: Lakehouse, index: string): Promise<Table> {
  const connection = await connect(folderOf(lakehouse, index));
  const [name, ...others] = await connection.tableNames();
  if (!name || others.length > 0) throw new Error(`${others.length + 1} tables, not one`);
  const table = await connection.openTable(name);
  try {
    return await table.query().toArrow();
  } finally {
    table.close();
    connection.close();
  }
}

/**
 * The same, as plain rows by id: vectors as arrays of numbers, bytes as hex, times and decimals as their raw counts. They come as they
 * were committed: files that are loaded side by side in any order.
 */
export async function storedRows(lakehouse: Lakehouse, index: string, idColumn = "doc_id") {
  const table = await storedTable(lakehouse, index);
  const names = table.schema.fields.map(({ name }) => name);
  const columns = names.map((name) => [name, plainColumn(table, name)] as const);
  const rows = Array.from({ length: table.numRows }, (_, row) =>
    Object.fromEntries(columns.map(([name, values]) => [name, values[row]])),
  );
  return new Map(rows.map((row) => [String(row[idColumn]), row]));
}

function plainColumn(table: Table, name: string): unknown[] {
  const column = table.getChild(name);
  if (!column) throw new Error(`no column ${name}`);
  const type = String(column.type);
  if (type.startsWith("Decimal")) return column.data.flatMap(decimalsIn);
  if (!type.startsWith("Timestamp")) return Array.from(column, plain);
  return column.data.flatMap((data) =>
    Array.from({ length: data.length }, (_, i) => (data.getValid(i) ? data.values[data.offset + i] : null)),
  );
}

/** As counts of their last digit. */
function decimalsIn(data: Data): (bigint | null)[] {
  const words = data.values.length / data.length;
  return Array.from({ length: data.length }, (_, i) => {
    if (!data.getValid(i)) return null;
    const own = Array.from(data.values.subarray(i * words, (i + 1) * words) as Uint32Array, BigInt);
    return BigInt.asIntN(
      32 * words,
      own.reduceRight((sum, word) => sum * 2n ** 32n + word, 0n),
    );
  });
}

function plain(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return Array.from(value as Iterable<unknown>, plain);
}

function folderOf(lakehouse: Lakehouse, index: string): string {
  return join(lakehouse.root, "data", "lance", index);
}
