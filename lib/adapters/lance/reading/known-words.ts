import type { TextPlan } from "../../../domain/text/text-plan.ts";

/** What is known of a version's words beside what LanceDB tells of them. */
export interface KnownWords {
  /** Numbers of the fragments that some index of the searched columns' text does not hold. */
  unheld: number[];
  /**
   * Words that the indexes of a column's text hold and that begin so, the shortest first.
   * @throws what IndexWords throws
   */
  beginningWith(column: string, beginning: string, atMost: number): Promise<string[]>;
}

/** @returns undefined where a plan's words are found without it */
export type WordsFor = (plan: TextPlan) => Promise<KnownWords | undefined>;
