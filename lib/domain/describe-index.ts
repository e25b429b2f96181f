import { z } from "zod";
import { DomainError } from "./errors.ts";
import { type IndexEntry, indexEntry } from "./index-entry.ts";
import type { IndexRegistry } from "./index-registry.ts";
import type { WarmIndexes } from "./ports.ts";

export const indexDescription = indexEntry
  .extend({
    stats: z
      .strictObject({
        rows: z.int(),
        bytes: z.int(),
        fragments: z.int(),
        unindexedRows: z.int(),
        indexes: z.array(z.strictObject({ name: z.string(), type: z.string(), unindexedRows: z.int() })),
        health: z.enum(["ok", "exact", "degraded"]).meta({
          description:
            "ok: every row is indexed. exact: served without a vector index. degraded: rows are compared one by one until the index is rebuilt",
        }),
      })
      .nullable(),
  })
  .meta({ id: "Index" });
export type IndexDescription = z.infer<typeof indexDescription>;

/** The registry entry with what its table says now. @throws IndexNotFound */
export async function describeIndex(
  registry: IndexRegistry,
  indexes: WarmIndexes,
  index: string,
): Promise<IndexDescription> {
  const { value: entry } = await registry.get(index);
  if (!entry.published) return { ...entry, stats: null };
  return indexes.use(index, "strong", async ({ entry: current, reader, published }) => {
    const { indexes: built, ...stats } = await reader.stats();
    const vectorIndexes = built.filter(({ type }) => type !== "BTREE");
    const unindexedRows = Math.max(0, ...vectorIndexes.map((one) => one.unindexedRows));
    const exact = published.indexType === "EXACT";
    const missing = !exact && vectorIndexes.length === 0;
    const health = exact ? "exact" : missing || unindexedRows > 0 ? "degraded" : "ok";
    return {
      ...current,
      stats: { ...stats, unindexedRows: missing ? stats.rows : unindexedRows, indexes: built, health },
    };
  });
}

/** Entries by name, a page at a time; the cursor is the last name of the page before. */
export async function listIndexes(
  registry: IndexRegistry,
  page: { cursor?: string; limit: number },
): Promise<{ indexes: IndexEntry[]; next: string | null }> {
  const { entries, next } = await registry.list(page.cursor, page.limit);
  return { indexes: entries, next: next ?? null };
}

/** The published generation of an entry. @throws IndexNotReady */
export function publishedOf(entry: IndexEntry) {
  if (entry.published) return entry.published;
  throw new DomainError("IndexNotReady", `nothing of index "${entry.name}" is published yet`);
}
