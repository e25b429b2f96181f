import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { DomainError } from "../errors.ts";
import type { IndexEntry, Publication } from "../index/index-entry.ts";
import type { Committed } from "./document-tables.ts";
import { turnVersions } from "./turn-versions.ts";

/** What documents did to a generation since it was published. */
export const tally = z.object({
  generation: z.string(),
  /** That no vector index holds: inserted or updated. */
  rows: z.int(),
  /** That were deleted or updated, and lie in its files still. */
  deleted: z.int(),
  commits: z.int(),
  /** After how many of them small fragments were last gathered. */
  gatheredAfter: z.int().optional(),
  /** That no index held then. */
  fragments: z.int().optional(),
  /** Until which version something else than a turn may have made one, as another LanceDB client does. */
  othersAt: z.int().optional(),
  turns: turnVersions.optional(),
  /** When a job was last asked for that takes them in. */
  askedAt: z.string().optional(),
});
export type Tally = z.infer<typeof tally>;

/** @param before of whatever generation, or none */
export function tallied(before: Tally | undefined, generation: string, committed: Committed): Tally {
  const own = before?.generation === generation ? before : { generation, rows: 0, deleted: 0, commits: 0 };
  const { inserted, updated, deleted } = committed;
  return {
    ...own,
    rows: own.rows + inserted + updated,
    deleted: own.deleted + deleted + updated,
    commits: own.commits + 1,
  };
}

/** Whether so many commits have each left a fragment since small ones were gathered that they should be again. */
export function isGatherDue({ commits, gatheredAfter = 0 }: Tally): boolean {
  return commits - gatheredAfter >= limits.gatherCommits;
}

/** Why a job should take in what was written. */
export type UpkeepReason = "rows" | "deleted" | "fragments";

/** How many there are of what, and from how many on a job should take them in. */
export type UpkeepCounts = Record<UpkeepReason, { counted: number; from: number }>;

/**
 * New rows are compared one by one until a job takes them in, and further writes read each fragment. An index that compares
 * every row anyway is built when it has so many.
 * @param own thresholds of the index
 */
export function upkeepCounts(
  { indexType, rows }: Pick<Publication, "indexType" | "rows">,
  written: Pick<Tally, UpkeepReason> | undefined,
  own: IndexEntry["upkeep"],
): UpkeepCounts {
  const { rows: counted = 0, deleted = 0, fragments = 0 } = written ?? {};
  const { rows: most = limits.upkeepRows, share = limits.upkeepShare } = own ?? {};
  const { deletedShare = limits.upkeepDeletedShare } = own ?? {};
  const of = (part: number) => Math.max(Math.ceil(part * rows), limits.leastUpkeepRows);
  const lacking = Math.max(1, most - rows);
  const from = indexType === "EXACT" ? lacking : Math.min(most, of(share));
  return {
    rows: { counted, from },
    deleted: { counted: deleted, from: of(deletedShare) },
    fragments: { counted: fragments, from: limits.upkeepFragments },
  };
}

/**
 * Whether a job should take in what was written. One that was asked for a while ago and has not published has failed, or is
 * still at it: it is asked for again.
 */
export function isUpkeepDue(
  published: Publication,
  written: Tally,
  own: IndexEntry["upkeep"],
  now: number,
): boolean {
  const { askedAt } = written;
  if (askedAt !== undefined && now - Date.parse(askedAt) < limits.upkeepAgainMs) return false;
  return Object.values(upkeepCounts(published, written, own)).some(({ counted, from }) => counted >= from);
}

/** Searches would become scans without anybody knowing. @throws TooManyUnindexed */
export function refuseTooManyUnindexed(index: string, generation: string, written: Tally | undefined): void {
  if (written?.generation !== generation || written.rows < limits.maxUnindexedRows) return;
  throw new DomainError(
    "TooManyUnindexed",
    `${limits.maxUnindexedRows} rows of index "${index}" or more were written that no index holds yet: a job takes them in, send this again when it has`,
  );
}
