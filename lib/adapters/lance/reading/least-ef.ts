import type { SearchDefaults } from "../../../domain/index/index-entry.ts";

/** HNSW refuses to look for fewer candidates than it has to return, which refining multiplies. */
export function leastEf({ ef = 0, refineFactor = 1 }: SearchDefaults, k: number): number {
  return Math.max(ef, k * refineFactor);
}
