import { limits } from "../../config/limits.ts";
import type { EntryList } from "../index/entry-list.ts";
import { isUpkeepDue } from "./upkeep.ts";
import type { WriteDependencies } from "./write-turn.ts";

/**
 * Asks for the jobs that writers would have asked for: of an index whose last one failed, and that nobody has written to
 * since.
 * @returns how many indexes there are, and how many of them were due
 */
export async function catchUp(
  { turns, clock, askUpkeep }: Pick<WriteDependencies, "turns" | "clock" | "askUpkeep">,
  list: EntryList,
): Promise<{ indexes: number; due: number }> {
  const found = { indexes: 0, due: 0 };
  let after: string | undefined;
  do {
    const { entries, next } = await list.page(after, limits.maxPageSize);
    for (const entry of entries) {
      found.indexes++;
      const published = "published" in entry ? entry.published : null;
      const tally = published && (await turns.tally(entry.name));
      if (!tally || tally.generation !== published.generation) continue;
      if (!isUpkeepDue(published, tally, clock.now())) continue;
      found.due++;
      await askUpkeep(entry.name, published.generation);
    }
    after = next;
  } while (after !== undefined);
  return found;
}
