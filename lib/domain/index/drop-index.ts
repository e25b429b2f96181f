import { DomainError } from "../errors.ts";
import { generationNumber } from "../names.ts";
import type { Generations } from "./generations.ts";
import type { IndexEntry } from "./index-entry.ts";
import type { Change, IndexRegistry } from "./index-registry.ts";

/**
 * Drops an index: first the entry becomes a tombstone, so that nothing reads or publishes any more, then the data goes.
 * Generations made from then on, by a migration under the same name, have higher numbers and are left alone. A drop
 * that was cut short is finished by the next one.
 * @throws IndexNotFound, Conflict while a job is building it
 */
export async function dropIndex(
  registry: IndexRegistry,
  generations: Generations,
  index: string,
): Promise<void> {
  const entry = await bury(registry, index);
  const newest = entry.lastGeneration;
  await generations.openings.remove(index);
  const buckets = new Set(entry.retiring.map(({ bucket }) => bucket));
  for (const bucket of buckets) {
    const tables = await generations.list(bucket, index);
    for (const generation of tables.filter((table) => generationNumber(table) <= newest))
      await generations.drop({ index, bucket, generation });
  }
  await registry.updateDropped(index, ({ retiring }) => ({
    retiring: retiring.filter(({ generation }) => generationNumber(generation) > newest),
  }));
}

/** The tombstone names what is still to be removed. */
async function bury(registry: IndexRegistry, index: string): Promise<IndexEntry> {
  const before = await registry.read(index);
  if (before?.value.state === "dropped" && before.value.retiring.length > 0) return before.value;
  const { value } = await buried(registry, index, (entry) => {
    refuseWhileBuilding(entry);
    const { published, retiring, updatedAt } = entry;
    const last = published
      ? [
          {
            generation: published.generation,
            bucket: published.bucket,
            since: updatedAt,
            version: null,
            writtenTo: false,
          },
        ]
      : [];
    return { state: "dropped", published: null, retiring: [...retiring, ...last] };
  });
  return value;
}

/** The answer to our own write may have been lost: then the tombstone is there when we look again. */
async function buried(registry: IndexRegistry, index: string, change: Change) {
  try {
    return await registry.update(index, change);
  } catch (error) {
    const after = await registry.read(index);
    if (after?.value.state === "dropped" && after.value.retiring.length > 0) return after;
    throw error;
  }
}

function refuseWhileBuilding(entry: IndexEntry): void {
  if (!entry.claim) return;
  const detail = `job ${entry.claim.job} is building index "${entry.name}"; cancel it first`;
  throw new DomainError("Conflict", detail);
}
