import { limits } from "../../config/limits.ts";
import { badRequest } from "../errors.ts";
import { leavesOf, type TextLeaf, type TextPlan, wordsOfLeaf } from "../text/text-plan.ts";

/** Ids of the documents that have what a plan looks for, of a key's own, at most so many. */
export type Finding = (plan: TextPlan, atMost: number) => Promise<string[]>;

export interface RankedId {
  id: string;
  score: number;
}

/**
 * Documents ranked by nothing but a key's own rows: BM25 counts how often a word is in all rows of an index, which would
 * tell of others' in every score and every order. A document's score is the sum over the words that it has of their
 * inverse document frequency among those that were found; how often it has them does not count. Of the same score by id.
 * @throws BadRequest where more are found than are ranked, or what is found would depend on others' words
 */
export async function ownRanking(plan: TextPlan, find: Finding): Promise<RankedId[]> {
  refuseUnrankable(plan);
  const found = await find(plan, limits.ownRankedRows + 1);
  if (found.length > limits.ownRankedRows) throw tooMany();
  const weights = await weightsOf(plan, found, find);
  return found
    .map((id) => ({ id, score: scoreOf(plan, id, weights) }))
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
}

/** What the words of leaves that find something count, by leaf and word, for the documents that have them. */
type Weights = Map<TextLeaf, { ids: Set<string>; weight: number }[]>;

async function weightsOf(plan: TextPlan, found: string[], find: Finding): Promise<Weights> {
  const weights: Weights = new Map();
  const counting = leavesOf(plan).map(async (leaf) => {
    const words = await Promise.all(wordsOfLeaf(leaf).map((word) => idsWith(plan, word, found, find)));
    weights.set(
      leaf,
      words.map((ids) => ({ ids, weight: inverseFrequency(found.length, ids.size) })),
    );
  });
  await Promise.all(counting);
  return weights;
}

async function idsWith(plan: TextPlan, word: TextLeaf, found: string[], find: Finding) {
  if (found.length === 0) return new Set<string>();
  return new Set(await find({ op: "boolean", must: [plan, word], should: [], mustNot: [] }, found.length));
}

/** As BM25 has it, of documents some of which have a word. */
const inverseFrequency = (documents: number, having: number) =>
  Math.log(1 + (documents - having + 0.5) / (having + 0.5));

function scoreOf(plan: TextPlan, id: string, weights: Weights): number {
  const sum = (plans: TextPlan[]) => plans.reduce((total, one) => total + scoreOf(one, id, weights), 0);
  if (plan.op === "boolean") return sum(plan.must) + sum(plan.should);
  if (plan.op === "boost") return sum([plan.positive]) - plan.negativeBoost * sum([plan.negative]);
  const words = weights.get(plan) ?? [];
  const total = words.reduce((score, { ids, weight }) => score + (ids.has(id) ? weight : 0), 0);
  return plan.op === "phrase" ? total : plan.boost * total;
}

function refuseUnrankable(plan: TextPlan): void {
  const leaves = leavesOf(plan, true);
  if (leaves.some((leaf) => leaf.op === "match" && leaf.fuzziness > 0))
    throw badRequest([{ path: "text", message: "fuzziness is not for a key with a filter" }]);
  if (leaves.some(({ op }) => op === "prefix"))
    throw badRequest([{ path: "text", message: "prefix is not for a key with a filter" }]);
  const words = leaves.flatMap(wordsOfLeaf).length;
  if (words <= limits.ownRankedWords) return;
  const message = `has ${words} words, at most ${limits.ownRankedWords} for a key with a filter`;
  throw badRequest([{ path: "text", message }]);
}

const tooMany = () =>
  badRequest([
    {
      path: "text",
      message: `is found in more than ${limits.ownRankedRows} documents, which are not ranked for a key with a filter; ask for rarer words, for all of them (operator and), or with a filter`,
    },
  ]);
