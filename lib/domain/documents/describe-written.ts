import { z } from "zod";
import { DomainError } from "../errors.ts";
import type { SeenFallbacks } from "../fallbacks.ts";
import type { IndexRegistry } from "../index/index-registry.ts";
import type { Stores } from "../object-store.ts";
import { describeIndex, indexDescription } from "../search/describe-index.ts";
import type { WarmIndexes } from "../search/reader.ts";
import type { Clock } from "../task-context.ts";
import { type KeptVersions, readKept } from "./kept-versions.ts";
import { type Tally, type UpkeepCounts, type UpkeepReason, upkeepCounts } from "./upkeep.ts";
import { WriteTurns } from "./write-turns.ts";

const count = z.strictObject({ counted: z.int(), from: z.int() });

/** What is told of an index as a whole. */
export const describedIndex = indexDescription
  .extend({
    written: z
      .strictObject({
        rows: z.int().meta({ description: "Inserted or updated: no vector index holds them yet" }),
        deleted: z.int().meta({ description: "Deleted or updated: they lie in the table's files still" }),
        commits: z.int(),
        keptUpAt: z
          .string()
          .nullable()
          .meta({ description: "When what is served was published, with all that was written before" }),
        nextJob: z
          .strictObject({
            nearest: z.enum(["rows", "deleted", "fragments"]),
            ...{ rows: count, deleted: count, fragments: count },
          })
          .nullable()
          .meta({
            description:
              "A write asks for a job as soon as one of these is reached, of which this is the nearest. fragments: that no index holds, when small ones were last gathered",
          }),
        versions: z
          .strictObject({
            kept: z.int(),
            bytes: z.int().meta({ description: "Of all files of the table, those of old versions, too" }),
            at: z.string(),
          })
          .nullable()
          .meta({
            description: "When old versions were last removed, once an hour at most; null: not yet",
          }),
        jobAskedAt: z.string().nullable().meta({
          description:
            "When a job was last asked for that takes them in; docs/documents.md says from how many on",
        }),
      })
      .nullable()
      .meta({
        description:
          "Through the routes for documents, since its generation was published; null where a newer release tells it",
      }),
  })
  .meta({ id: "Index" });

interface DescribeDependencies {
  registry: IndexRegistry;
  indexes: WarmIndexes;
  fallbacks: SeenFallbacks;
  stores: Stores;
  clock: Clock;
}

/** An index with what was written to it. @throws IndexNotFound */
export async function describeWritten(
  { registry, indexes, fallbacks, stores, clock }: DescribeDependencies,
  index: string,
): Promise<z.infer<typeof describedIndex>> {
  const primary = stores("primary");
  const [described, tally, kept] = await Promise.all([
    describeIndex(registry, indexes, fallbacks, index),
    tallyOf(new WriteTurns(primary, clock), index),
    readKept(primary, index),
  ]);
  if (tally === null) return { ...described, written: null };
  const { published } = described;
  const ofServed = <T extends { generation: string }>(noted: T | undefined) =>
    noted?.generation === published?.generation ? noted : undefined;
  const own = ofServed(tally);
  const { rows = 0, deleted = 0, commits = 0, askedAt = null } = own ?? {};
  const written = {
    ...{ rows, deleted, commits, keptUpAt: published?.publishedAt ?? null },
    nextJob: published && nextJob(upkeepCounts(published, own, described.upkeep ?? undefined)),
    versions: versionsOf(ofServed(kept)),
    jobAskedAt: askedAt,
  };
  return { ...described, written };
}

/** Null where a newer release has written it, which does not keep an index from being described. */
async function tallyOf(turns: WriteTurns, index: string): Promise<Tally | undefined | null> {
  try {
    return await turns.tally(index);
  } catch (error) {
    if (error instanceof DomainError && error.kind === "NeedsNewerRelease") return null;
    throw error;
  }
}

function nextJob(counts: UpkeepCounts) {
  const shareOf = (reason: UpkeepReason) => counts[reason].counted / counts[reason].from;
  const reasons: UpkeepReason[] = ["rows", "deleted", "fragments"];
  return { nearest: reasons.reduce((a, b) => (shareOf(b) > shareOf(a) ? b : a)), ...counts };
}

function versionsOf(kept: KeptVersions | undefined) {
  return kept ? { kept: kept.versions, bytes: kept.bytes, at: kept.at } : null;
}
