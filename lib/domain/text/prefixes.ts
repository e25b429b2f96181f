import { changedLeaves } from "./changed-leaves.ts";
import { leavesOf, type TextLeaf, type TextPlan } from "./text-plan.ts";

/** Beginnings of words: a leaf that stands for the words of a column that begin so. */
export type PrefixLeaf = Extract<TextLeaf, { op: "prefix" }>;

/** Whether words are looked for by how they begin. */
export const hasPrefixes = (plan: TextPlan): boolean =>
  leavesOf(plan, true).some(({ op }) => op === "prefix");

/**
 * The same plan with words in place of their beginnings, of which each finds what has it.
 * @param wordsOf those of a column that begin so
 */
export async function withoutPrefixes(
  plan: TextPlan,
  wordsOf: (leaf: PrefixLeaf) => Promise<string[]>,
): Promise<TextPlan> {
  return changedLeaves(plan, async (leaf) => {
    if (leaf.op !== "prefix") return leaf;
    const words = await wordsOf(leaf);
    const { column, boost, maxExpansions } = leaf;
    const query = words.length > 0 ? words.join(" ") : noWord;
    return {
      op: "match",
      column,
      query,
      operator: "or",
      fuzziness: 0,
      prefixLength: 0,
      maxExpansions,
      boost,
    };
  });
}

/** Which finds nothing. */
const noWord = " ";

/** Of several lists of words, each as this returns them: the shortest first, of the same length in the order of their bytes. */
export function shortestOf(lists: string[][], atMost: number): string[] {
  const words = [...new Set(lists.flat())].map((word) => ({ word, bytes: Buffer.from(word) }));
  const ordered = words.sort((a, b) => a.bytes.length - b.bytes.length || Buffer.compare(a.bytes, b.bytes));
  return ordered.slice(0, atMost).map(({ word }) => word);
}
