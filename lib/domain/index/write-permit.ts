import { DomainError } from "../errors.ts";
import type { WritePermit } from "./generations.ts";
import type { GenerationRef, IndexEntry } from "./index-entry.ts";
import type { IndexRegistry } from "./index-registry.ts";

/**
 * A job writes to its generation while it holds the claim, until it begins to publish. What was thought dead and comes
 * back later is refused here; what was allowed just before, and is under way, by the fence of the publication.
 *
 *   task:          opens the table ─► is allowed ─────────────────► commits: refused
 *   publication:                          closes the claim ─► fence ─► publishes
 *
 * @returns what throws Conflict when the job may write no more
 */
export function writePermit(registry: IndexRegistry, job: string, ref: GenerationRef): WritePermit {
  return async () => {
    const claim = (await registry.read(ref.index))?.value.claim;
    const holds = claim?.job === job && claim.generation === ref.generation;
    if (!holds || claim.lost || claim.publishing) throw noLongerHeld(job, ref.index);
  };
}

/** Whether a generation is what is published of its index, or was. */
export function wasPublished({ published, retiring }: IndexEntry, generation: string): boolean {
  return [published, ...retiring].some((one) => one?.generation === generation);
}

export function noLongerHeld(job: string, index: string): DomainError {
  return new DomainError("Conflict", `job ${job} no longer holds index "${index}"`);
}
