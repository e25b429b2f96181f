import { LRUCache } from "lru-cache";
import { limits } from "../../../config/limits.ts";
import type { GenerationRef } from "../../../domain/index/index-entry.ts";
import { keyOf } from "./wanted.ts";

/** What is not copied again: it did not fit, or could not be. */
export class GivenUp {
  readonly #versions = new LRUCache<string, { version: number; forGood: boolean }>({
    max: limits.maxOpenHandles,
  });
  /** Those whose openings do not describe what can be had in parts. */
  readonly #parts = new LRUCache<string, true>({ max: limits.maxOpenHandles });

  /** @param forGood else only as long as there is no other copy to link files of */
  add(ref: GenerationRef, version: number, forGood = true): void {
    this.#versions.set(keyOf(ref), { version, forGood });
  }

  has(ref: GenerationRef, version: number, isOtherThere: () => boolean): boolean {
    const given = this.#versions.get(keyOf(ref));
    return given?.version === version && (given.forGood || !isOtherThere());
  }

  /** It is copied whole from then on. */
  addParts(ref: GenerationRef): void {
    this.#parts.set(keyOf(ref), true);
  }

  hasParts(ref: GenerationRef): boolean {
    return this.#parts.has(keyOf(ref));
  }
}
