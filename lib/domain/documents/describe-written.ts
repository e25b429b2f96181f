import { z } from "zod";
import type { SeenFallbacks } from "../fallbacks.ts";
import type { IndexRegistry } from "../index/index-registry.ts";
import type { Stores } from "../object-store.ts";
import { describeIndex, indexDescription } from "../search/describe-index.ts";
import type { WarmIndexes } from "../search/reader.ts";
import type { Clock } from "../task-context.ts";
import { WriteTurns } from "./write-turns.ts";

/** What is told of an index as a whole. */
export const describedIndex = indexDescription
  .extend({
    written: z
      .strictObject({
        rows: z.int().meta({ description: "Inserted or updated: no vector index holds them yet" }),
        deleted: z.int().meta({ description: "Deleted or updated: they lie in the table's files still" }),
        commits: z.int(),
        jobAskedAt: z.string().nullable().meta({
          description:
            "When a job was last asked for that takes them in; docs/documents.md says from how many on",
        }),
      })
      .meta({ description: "Through the routes for documents, since its generation was published" }),
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
  const turns = new WriteTurns(stores("primary"), clock);
  const [described, tally] = await Promise.all([
    describeIndex(registry, indexes, fallbacks, index),
    turns.tally(index),
  ]);
  const own = tally?.generation === described.published?.generation ? tally : undefined;
  const { rows = 0, deleted = 0, commits = 0, askedAt = null } = own ?? {};
  return { ...described, written: { rows, deleted, commits, jobAskedAt: askedAt } };
}
