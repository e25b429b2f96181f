import type { Generations } from "../index/generations.ts";
import type { IndexRegistry } from "../index/index-registry.ts";

/**
 * Writes the opening of what is published by now, so that a task which is repeated, or late, writes the same. A generation
 * without a vector index, or with rows that it lacks, has none: its searches compare rows that a part of it does not have.
 */
export async function writeOpening(
  { registry, generations }: { registry: IndexRegistry; generations: Generations },
  index: string,
): Promise<void> {
  const { published } = (await registry.get(index)).value;
  if (!published) return;
  const { bucket, generation, vectorColumn, dimension } = published;
  const built = await generations.vectorIndex({ index, bucket, generation }, vectorColumn, dimension);
  if (built?.unindexedRows === 0) await generations.openings.write(index, published);
}
