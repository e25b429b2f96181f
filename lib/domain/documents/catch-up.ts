import { limits } from "../../config/limits.ts";
import type { EntryList } from "../index/entry-list.ts";
import type { Stores } from "../object-store.ts";
import { readKept } from "./kept-versions.ts";
import { isPruneDue, pruneVersions, type WrittenIndex } from "./prune-versions.ts";
import { isUpkeepDue } from "./upkeep.ts";
import type { WriteDependencies } from "./write-turn.ts";

export interface CatchUpDependencies
  extends Pick<WriteDependencies, "turns" | "documents" | "clock" | "askUpkeep"> {
  stores: Stores;
  /** Told of an index whose old versions could not be removed. */
  notPruned(index: string, error: unknown): void;
}

/**
 * Asks for the jobs that writers would have asked for: of an index whose last one failed, and that nobody has written to
 * since. Then it removes old versions, first those of the index that was longest not looked at, while there is time.
 * @returns how many indexes there are, how many of them were due for a job, and of how many old versions were looked for
 */
export async function catchUp(
  deps: CatchUpDependencies,
  list: EntryList,
): Promise<{ indexes: number; due: number; pruned: number }> {
  const { clock } = deps;
  const until = clock.now() + limits.pruneForMs;
  const found = { indexes: 0, due: 0, pruned: 0 };
  const aged: WrittenIndex[] = [];
  let after: string | undefined;
  do {
    const { entries, next } = await list.page(after, limits.maxPageSize);
    for (const entry of entries) {
      found.indexes++;
      const written = "published" in entry && (await writtenIndex(deps, entry));
      if (!written) continue;
      if (await isAskedFor(deps, written)) found.due++;
      if (isPruneDue(written, clock.now())) aged.push(written);
    }
    after = next;
  } while (after !== undefined);
  for (const one of aged.toSorted((a, b) => (a.kept?.at ?? "").localeCompare(b.kept?.at ?? ""))) {
    if (clock.now() >= until) break;
    found.pruned++;
    await pruneVersions(deps, one, until).catch((error) => deps.notPruned(one.entry.name, error));
  }
  return found;
}

async function writtenIndex(
  { turns, stores, notPruned }: CatchUpDependencies,
  entry: WrittenIndex["entry"],
): Promise<WrittenIndex | undefined> {
  if (!entry.published) return undefined;
  const { tally, version } = await turns.left(entry.name);
  if (version === undefined || tally?.generation !== entry.published.generation) return undefined;
  const kept = await readKept(stores("primary"), entry.name).catch((error) => notPruned(entry.name, error));
  return { entry, tally, version, kept: kept ?? undefined };
}

async function isAskedFor(
  { clock, askUpkeep }: CatchUpDependencies,
  { entry, tally }: WrittenIndex,
): Promise<boolean> {
  if (!entry.published || !isUpkeepDue(entry.published, tally, entry.upkeep, clock.now())) return false;
  await askUpkeep(entry.name, tally.generation);
  return true;
}
