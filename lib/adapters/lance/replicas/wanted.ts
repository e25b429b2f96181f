import type { GenerationRef, Publication } from "../../../domain/index/index-entry.ts";
import type { Opening } from "../opening/opening.ts";

/** What is to be on the disk. */
export interface Wanted {
  ref: GenerationRef;
  published: Publication;
  version: number;
  /** Shorter where somebody waits for it. */
  pause?: number;
  /** Where it is of this version, an index answers before all of it is there. */
  opening?: Opening | undefined;
}

export const keyOf = ({ bucket, index, generation }: GenerationRef) => `${bucket} ${index} ${generation}`;
