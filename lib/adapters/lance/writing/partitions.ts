import type { Table } from "@lancedb/lancedb";

/**
 * How many partitions a search of the vector index chooses from, all its parts together, which LanceDB tells in no
 * statistic but in the analysis of a search: `partitions_ranked=316`, or `1.02 K`.
 * @returns null when it is not told there
 */
export async function partitionsIn(table: Table, column: string, dimension: number): Promise<number | null> {
  const vector = new Float32Array(dimension).fill(1);
  const search = table.query().nearestTo(vector).column(column).nprobes(1).limit(1).select(["_distance"]);
  const [, count, unit = ""] =
    /partitions_ranked=([\d.]+)(?: ([KM]))?/.exec(await search.analyzePlan()) ?? [];
  return count === undefined ? null : Math.round(Number(count) * (thousands[unit] ?? 1));
}

const thousands: Record<string, number> = { K: 1_000, M: 1_000_000 };
