import type { Table } from "@lancedb/lancedb";
import { limits } from "../../../config/limits.ts";
import type { GenerationStats } from "../../../domain/index/generations.ts";
import { plainName } from "../indices-on.ts";
import { lanceCall } from "../lance-errors.ts";

/** What LanceDB says of a table and its indexes. @throws DeadlineExceeded */
export async function statsOf(table: Table): Promise<GenerationStats> {
  return lanceCall(limits.openTimeoutMs, async () => {
    const [stats, indexes] = await Promise.all([table.stats(), table.listIndices()]);
    const details = indexes.map(async (index) => ({ ...index, stats: await table.indexStats(index.name) }));
    return {
      rows: Number(stats.numRows),
      bytes: Number(stats.totalBytes),
      fragments: Number(stats.fragmentStats.numFragments),
      indexes: (await Promise.all(details)).map(({ name, columns, sizeBytes, stats: one }) => ({
        name,
        type: one?.indexType ?? "unknown",
        column: plainName(columns[0] ?? ""),
        bytes: sizeBytes === undefined ? null : Number(sizeBytes),
        unindexedRows: one?.numUnindexedRows ?? 0,
      })),
    };
  });
}
