import type { Container } from "../../lib/container.ts";
import type { GenerationRef } from "../../lib/domain/index/index-entry.ts";
import { publishedOf } from "../../lib/domain/index/published.ts";

/** The generation that is served of an index. */
export async function servedGeneration(
  { registry }: Pick<Container, "registry">,
  index: string,
): Promise<GenerationRef> {
  const { bucket, generation } = publishedOf((await registry.get(index)).value);
  return { index, bucket, generation };
}
