import { DomainError } from "./errors.ts";
import type { IndexEntry } from "./index-entry.ts";
import type { IndexRegistry } from "./index-registry.ts";
import type { Generations } from "./ports.ts";

/**
 * Drops an index: first the entry becomes a tombstone, so that nothing reads or publishes any more, then the data goes.
 * A repeated drop of a dropped index finishes what the first one left.
 * @throws IndexNotFound, Conflict while a job is building it
 */
export async function dropIndex(
  registry: IndexRegistry,
  generations: Generations,
  index: string,
): Promise<void> {
  const buckets = new Set<string>();
  await registry.update(index, (entry) => {
    refuseWhileBuilding(entry);
    for (const bucket of bucketsOf(entry)) buckets.add(bucket);
    return { state: "dropped", published: null, retiring: [] };
  });
  for (const bucket of buckets) await generations.dropAll(bucket, index);
}

function refuseWhileBuilding(entry: IndexEntry): void {
  if (!entry.claim) return;
  const detail = `job ${entry.claim.job} is building index "${entry.name}"; cancel it first`;
  throw new DomainError("Conflict", detail);
}

function bucketsOf(entry: IndexEntry): string[] {
  return [
    ...(entry.published ? [entry.published.bucket] : []),
    ...entry.retiring.map(({ bucket }) => bucket),
  ];
}
