import type { Table } from "@lancedb/lancedb";
import { limits } from "../../../config/limits.ts";
import type { Gathered } from "../../../domain/documents/document-tables.ts";
import type { Fallbacks } from "../../../domain/fallbacks.ts";
import type { GenerationRef } from "../../../domain/index/index-entry.ts";
import type { ObjectStore } from "../../../domain/object-store.ts";
import { folderOf } from "../files/generation-folder.ts";
import type { Fragment } from "../files/manifest.ts";
import { manifestKey } from "../files/manifest-name.ts";
import { unindexedFragments } from "../files/unindexed-fragments.ts";
import { fragmentRanges, rowsIn } from "./fragment-ranges.ts";

/** An open table, and where it lies. */
export interface GatheredTable {
  table: Table;
  store: ObjectStore;
  fallbacks: Fallbacks;
  ref: GenerationRef;
}

/**
 * Brings rows of small fragments that no index holds into one, by an update that changes nothing: Lance writes the rows that it
 * finds at their addresses, and drops fragments that have none left. It is done within Lance, which does it again where
 * another client was first: no row is made of what was read earlier. Where it fails, the fragments stay as they are.
 */
export async function gatherFragments(
  { table, store, fallbacks, ref }: GatheredTable,
  idColumn: string,
): Promise<Gathered | undefined> {
  try {
    const version = await table.version();
    const found = await store.get(manifestKey(folderOf(ref), version));
    const fragments = found && unindexedFragments(found.body);
    if (!fragments) {
      fallbacks.happened("gathered-fragments", "table-not-known");
      return undefined;
    }
    const some = gatheredOf(fragments);
    if (some.length === 0) return { version, fragments: fragments.length };
    const where = rowsIn(fragmentRanges(some.map(({ id }) => id)));
    const gathered = await table.update({ where, valuesSql: { [idColumn]: `\`${idColumn}\`` } });
    return { version: gathered.version, fragments: fragments.length - some.length + 1 };
  } catch {
    fallbacks.happened("gathered-fragments", "failed");
    return undefined;
  }
}

/**
 * The smallest, up to the last that is at most twice as long as all before it together: so each row is written again as often as
 * rows have doubled, and of fragments that stay the next is more than twice as long as those before it.
 */
export function gatheredOf(fragments: Fragment[]): Fragment[] {
  const inOrder = fragments.toSorted((a, b) => a.rows - b.rows);
  let [rows, bytes, taken] = [0, 0, 0];
  for (const [i, one] of inOrder.entries()) {
    if (rows + one.rows > limits.gatheredRows || bytes + one.bytes > limits.gatheredBytes) break;
    if (one.rows <= 2 * rows) taken = i + 1;
    rows += one.rows;
    bytes += one.bytes;
  }
  return taken < limits.leastGatheredFragments
    ? []
    : inOrder.slice(0, Math.min(taken, limits.mostGatheredFragments));
}
