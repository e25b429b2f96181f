import { limits } from "../../config/limits.ts";
import type { IndexEntry } from "../index/index-entry.ts";
import type { Stores } from "../object-store.ts";
import type { Clock } from "../task-context.ts";
import type { DocumentTables, LeftVersions, PrunedVersions } from "./document-tables.ts";
import { type KeptVersions, keepKept } from "./kept-versions.ts";
import type { Tally } from "./upkeep.ts";

export interface PruneDependencies {
  documents: Pick<DocumentTables, "prune">;
  stores: Stores;
  clock: Clock;
}

/** Of an index that was written to: what its last writer left, and what was kept when it was last looked at. */
export interface WrittenIndex {
  entry: IndexEntry;
  tally: Tally;
  version: number;
  kept: KeptVersions | undefined;
}

/**
 * Whether versions of what is published may have come since they were looked at, or grown old; or files that no version names,
 * for as long after the last write as these stay.
 */
export function isPruneDue({ entry, tally, version, kept }: WrittenIndex, now: number): boolean {
  if (entry.claim || entry.published?.generation !== tally.generation) return false; // a job may go by an old version
  if (kept?.generation !== tally.generation || kept.version < version) return true;
  if (now - Date.parse(kept.at) < limits.prunedAgainMs) return false;
  return kept.versions > 1 || isSweptLast(kept);
}

/** Files of the newest version's time were too young when others were last looked for. */
const isSweptLast = ({ at, seenAt = at, sweptAt = seenAt }: KeptVersions) =>
  Date.parse(sweptAt) - Date.parse(seenAt) <= limits.unnamedFileMs;

/**
 * Removes old versions of what is published of an index, a part of them after the other, and notes what is left.
 * @param until when there is time for it
 */
export async function pruneVersions(
  { documents, stores, clock }: PruneDependencies,
  written: WrittenIndex,
  until: number,
): Promise<void> {
  const { name: index, published } = written.entry;
  if (!published) return;
  const { bucket, generation } = published;
  for (;;) {
    const now = clock.now();
    const left = await documents.prune({ index, bucket, generation }, boundsOf(written, now));
    if (!left) return;
    await keepKept(stores("primary"), index, keptOf(written, generation, left, now));
    if (left.isDone || clock.now() >= until) return;
  }
}

function keptOf(
  { kept }: WrittenIndex,
  generation: string,
  { version, versions, bytes, isSwept }: LeftVersions,
  now: number,
): KeptVersions {
  const at = new Date(now).toISOString();
  const before = kept?.generation === generation ? kept : undefined;
  const seenAt = before?.version === version ? (before.seenAt ?? before.at) : at;
  const sweptAt = isSwept ? at : before?.sweptAt;
  return { generation, version, versions, bytes, at, seenAt, ...(sweptAt === undefined ? {} : { sweptAt }) };
}

const dayMs = 86_400_000;

/** A container may serve what it saw for as long as its index's window, and one that was longer until that is over. */
function boundsOf({ entry, tally, version, kept }: WrittenIndex, now: number): PrunedVersions {
  const { maxStalenessMs = 0, staleUntil, retentionDays = limits.retentionDays } = entry;
  const isLonger = staleUntil !== undefined && Date.parse(staleUntil) > now;
  const window = isLonger ? limits.maxStalenessMs : maxStalenessMs;
  const sweptAt = kept?.generation === tally.generation ? Date.parse(kept.sweptAt ?? "") : Number.NaN;
  return {
    unreadBefore: now - window - limits.versionMarginMs,
    keptFrom: now - retentionDays * dayMs,
    most: limits.keptVersions,
    sure: { after: tally.othersAt ?? version, upTo: version },
    ...(now - sweptAt < limits.prunedAgainMs ? {} : { unnamedBefore: now - limits.unnamedFileMs }),
  };
}
