import type { IndexConfig, Table } from "@lancedb/lancedb";

/** LanceDB names columns as its SQL does: `a-b` in backticks. */
export async function indicesOn(table: Table, column: string): Promise<IndexConfig[]> {
  const isOn = ({ columns }: IndexConfig) => columns.some((name) => plainName(name) === column);
  return (await table.listIndices()).filter(isOn);
}

export const plainName = (name: string) => /^`(.*)`$/s.exec(name)?.[1] ?? name;
