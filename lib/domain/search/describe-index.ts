import { z } from "zod";
import { pageWithin } from "../answer-size.ts";
import { fallbackCounts, type SeenFallbacks } from "../fallbacks.ts";
import { type ColumnChange, columnChanges } from "../index/column-changes.ts";
import type { EntryList, ListedStored } from "../index/entry-list.ts";
import type { IndexRegistry } from "../index/index-registry.ts";
import { type ListedEntry, shownEntry, shownOf, shownRecall } from "../index/shown-entry.ts";
import { droppingUnknown } from "../stored/unknown-fields.ts";
import { textIndexesOf } from "../text/full-text.ts";
import type { WarmIndexes } from "./reader.ts";

const recallPromise = shownRecall.extend({
  servedVersion: z.int().meta({ description: "Of the generation, now" }),
  unindexedRows: z
    .int()
    .meta({ description: "Rows that no vector index holds: a search compares them one by one" }),
  status: z.enum(["verified", "unverified"]).meta({
    description:
      "verified: recall was measured at the version that is served, or every row is compared (EXACT). unverified: somebody wrote to the index since; an optimize job measures it again",
  }),
});

const health = z.enum(["ok", "exact", "degraded", "empty", "columns-changed"]).meta({
  description:
    "ok: every row is indexed. exact: served without a vector index. degraded: rows are compared one by one until the index is rebuilt, or an index of texts is gone, which the next optimize job builds again. empty: all of its rows were deleted. columns-changed: another LanceDB client has taken columns away, columnChanges says which; what needs them is refused",
});

export const indexDescription = shownEntry.extend({
  stats: z
    .strictObject({
      rows: z.int(),
      bytes: z.int(),
      fragments: z.int(),
      unindexedRows: z.int(),
      indexes: z.array(
        z.strictObject({
          name: z.string(),
          type: z.string().meta({ description: "As LanceDB calls it; FTS: of texts" }),
          column: z.string(),
          bytes: z.int().nullable().meta({ description: "Of its files; null where it does not say" }),
          unindexedRows: z
            .int()
            .meta({ description: "Rows that it does not hold yet: these are read beside it" }),
        }),
      ),
      health,
      columnChanges: z
        .array(
          z.strictObject({
            name: z.string(),
            was: z
              .string()
              .nullable()
              .meta({ description: "Its type when it was published; null: it came since" }),
            is: z.string().nullable().meta({ description: "Its type in the table; null: it is gone" }),
          }),
        )
        .meta({
          description:
            "What other LanceDB clients did to columns of the table since. One that came can be read, written and filtered by, and the next job publishes it",
        }),
    })
    .nullable(),
  recall: recallPromise.nullable(),
  fallbacks: fallbackCounts,
});
export type IndexDescription = z.infer<typeof indexDescription>;

/** The registry entry with what its table says now. @throws IndexNotFound */
export async function describeIndex(
  registry: IndexRegistry,
  indexes: WarmIndexes,
  fallbacks: SeenFallbacks,
  index: string,
): Promise<IndexDescription> {
  const { value: entry } = await registry.get(index);
  if (!entry.published)
    return { ...shownOf(entry), stats: null, recall: null, fallbacks: fallbacks.seen(index) };
  return indexes.use(index, { consistency: "strong" }, async ({ entry: current, reader, published }) => {
    const { indexes: built, ...stats } = await reader.stats();
    const vectorIndexes = built.filter(({ type }) => !otherTypes.has(type));
    const unindexedRows = Math.max(0, ...vectorIndexes.map((one) => one.unindexedRows));
    const exact = published.indexType === "EXACT";
    const missing = !exact && vectorIndexes.length === 0;
    const textMissing = textIndexesOf(published).some(
      (one) => !built.some(({ type, column }) => type === "FTS" && column === one.column),
    );
    const changes = columnChanges(current.published ?? published, reader.columns);
    const isExact = exact && vectorIndexes.length === 0; // whatever is written is compared, too
    const unindexed = missing ? stats.rows : unindexedRows;
    const isIndexed = !missing && unindexedRows === 0;
    const health = healthOf({ exact, rows: stats.rows, isIndexed, textMissing, changes });
    const shown = shownOf(current);
    return {
      ...shown,
      published: shown.published && { ...shown.published, columns: reader.columns },
      stats: { ...stats, unindexedRows: unindexed, indexes: built, health, columnChanges: changes },
      recall: {
        ...droppingUnknown(shownRecall).parse(published.recall),
        servedVersion: reader.version,
        unindexedRows: unindexed,
        status: isExact || published.recall.version === reader.version ? "verified" : "unverified",
      },
      fallbacks: fallbacks.seen(index),
    };
  });
}

/** As LanceDB calls indexes that are none of vectors. */
const otherTypes = new Set(["BTREE", "BITMAP", "LABEL_LIST", "FM", "FTS"]);

/** The first of what is not as it should be. */
function healthOf({
  exact,
  rows,
  isIndexed,
  textMissing,
  changes,
}: {
  exact: boolean;
  rows: number;
  isIndexed: boolean;
  textMissing: boolean;
  changes: ColumnChange[];
}): z.infer<typeof health> {
  if (changes.some(({ was }) => was !== null)) return "columns-changed";
  if (textMissing && rows > 0) return "degraded";
  if (exact) return "exact";
  if (rows === 0) return "empty";
  return isIndexed ? "ok" : "degraded";
}

/**
 * Entries by name, a page at a time, fewer where these are long; the cursor is the last name of the page before.
 * @param sees which of them there are for who asks
 */
export async function listIndexes(
  list: EntryList,
  page: { cursor?: string; limit: number },
  sees?: (index: string) => boolean,
): Promise<{ indexes: ListedEntry[]; next: string | null }> {
  const { entries, next } = await list.page(page.cursor, page.limit, sees);
  const indexes = pageWithin(entries.map(listedOf));
  return { indexes, next: (indexes.length < entries.length ? indexes.at(-1)?.name : next) ?? null };
}

const listedOf = (entry: ListedStored): ListedEntry => ("published" in entry ? shownOf(entry) : entry);
