import { changedLeaves } from "./changed-leaves.ts";
import { haveSameStart, isWithinEdits } from "./highlights/edit-distance.ts";
import type { TextCutter } from "./text-cutter.ts";
import { leavesOf, type TextLeaf, type TextPlan } from "./text-plan.ts";

type Match = Extract<TextLeaf, { op: "match" }>;

/** Words of some texts: each term that they have, with a word that becomes it. */
export type Vocabulary = Map<string, string>;

/** A word of a query, as it is written, and the term that it becomes. */
interface QueryWord {
  surface: string;
  term: string;
}

/** How the texts of columns are cut, by their names. */
type Cutters = Map<string, TextCutter>;

const isFuzzyLeaf = (leaf: TextPlan): leaf is Match => leaf.op === "match" && leaf.fuzziness > 0;

/** Whether some of its words may differ by letters. */
export const isFuzzy = (plan: TextPlan): boolean => fuzzyColumnsOf(plan).length > 0;

/** Columns whose fuzzy words a plan looks for. */
export const fuzzyColumnsOf = (plan: TextPlan): string[] => [
  ...new Set(leavesOf(plan, true).flatMap((leaf) => (isFuzzyLeaf(leaf) ? [leaf.column] : []))),
];

/**
 * The same plan with the terms of its fuzzy words in their place. Of columns that are cut into pieces words are not fuzzy:
 * any two pieces are near.
 */
export async function reducedPlan(plan: TextPlan, cutters: Cutters): Promise<TextPlan> {
  return changed(plan, async (leaf) => {
    const terms = (await wordsOf(leaf, cutters)).map(({ term }) => term);
    return terms.length > 0 ? { ...leaf, query: terms.join(" ") } : { ...leaf, fuzziness: 0 };
  });
}

/**
 * A plan that finds in some texts with exact words what a fuzzy one looks for in an index: each fuzzy word stands for itself
 * and for those of the texts that are as near as it says, the first `maxExpansions` of them, as LanceDB takes an index's.
 * @param vocabularies of the texts, by column
 */
export async function exactPlan(
  plan: TextPlan,
  cutters: Cutters,
  vocabularies: Map<string, Vocabulary>,
): Promise<TextPlan> {
  return changed(plan, async (leaf) => {
    const vocabulary = vocabularies.get(leaf.column) ?? new Map();
    const leaves = (await wordsOf(leaf, cutters)).map((word) => exactLeaf(leaf, word, vocabulary));
    const [only = { ...leaf, fuzziness: 0 }] = leaves;
    if (leaves.length <= 1) return only;
    const isAll = leaf.operator === "and";
    return { op: "boolean", must: isAll ? leaves : [], should: isAll ? [] : leaves, mustNot: [] };
  });
}

/** With other plans in place of its fuzzy leaves. */
const changed = (plan: TextPlan, change: (leaf: Match) => Promise<TextPlan>): Promise<TextPlan> =>
  changedLeaves(plan, async (leaf) => (isFuzzyLeaf(leaf) ? change(leaf) : leaf));

async function wordsOf({ column, query }: Match, cutters: Cutters): Promise<QueryWord[]> {
  const cutter = cutters.get(column);
  if (!cutter || cutter.isOfPieces) return [];
  const surfaces = await cutter.surfaces(query);
  const terms = await cutter.reduced(surfaces);
  return surfaces.flatMap((surface, i) => {
    const term = terms[i];
    return term === undefined ? [] : [{ surface, term }];
  });
}

function exactLeaf(leaf: Match, { surface, term }: QueryWord, vocabulary: Vocabulary): Match {
  const near = [...vocabulary]
    .filter(([other]) => other !== term && isNear(term, other, leaf))
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .slice(0, leaf.maxExpansions - 1);
  const query = [surface, ...near.map(([, word]) => word)].join(" ");
  return { ...leaf, query, operator: "or", fuzziness: 0 };
}

const isNear = (term: string, other: string, { fuzziness, prefixLength }: Match) =>
  haveSameStart(term, other, prefixLength) && isWithinEdits(term, other, fuzziness);
