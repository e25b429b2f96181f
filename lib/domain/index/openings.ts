import type { Publication } from "./index-entry.ts";

/**
 * What a first search of a container reads before it knows where the rest lies, as one object an index. It is of one
 * generation; one that is missing or of another costs time, never an answer.
 */
export interface Openings {
  /** Replaces what there is of the index, and says nothing where that cannot be done. */
  write(index: string, published: Publication): Promise<void>;
  /** No error when there is none. */
  remove(index: string): Promise<void>;
}
