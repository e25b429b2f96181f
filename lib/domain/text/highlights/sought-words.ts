import type { TextCutter } from "../text-cutter.ts";
import { isLeaf, type TextLeaf, type TextPlan } from "../text-plan.ts";
import { haveSameStart, isWithinEdits } from "./edit-distance.ts";

/** A word that may differ by some letters. */
interface FuzzyWord {
  word: number;
  term: string;
  fuzziness: number;
  prefixLength: number;
}

/** What one leaf looks for in a column. */
export interface SoughtLeaf {
  /** Their numbers among all words that are looked for, each with its place in the leaf. */
  words: { word: number; position: number }[];
  /** all: none counts where one is missing. phrase: they count where they stand in this order, so far apart. */
  how: "some" | "all" | "phrase";
  slop: number;
}

/** Of a column that is cut into pieces: those of each word, and those of the leaf as a whole, which has others between. */
export interface SoughtPieces {
  words: Set<string>[];
  whole: Set<string>;
}

/** The leaves by which documents are found: without those that none may have, and those that lower a score. */
export function findingLeaves(plan: TextPlan): TextLeaf[] {
  if (isLeaf(plan)) return [plan];
  if (plan.op === "boost") return findingLeaves(plan.positive);
  return [...plan.must, ...plan.should].flatMap(findingLeaves);
}

/** What a query finds in the texts of one column. */
export class Sought {
  readonly leaves: SoughtLeaf[] = [];
  readonly #words = new Map<string, number>();
  readonly #fuzzy: FuzzyWord[] = [];
  readonly #begun: { word: number; beginning: string }[] = [];
  readonly #exact = new Map<string, number[]>();
  readonly #known = new Map<string, number[]>();

  /** @param leaves of the column */
  static async by(leaves: TextLeaf[], cutter: TextCutter): Promise<Sought> {
    const sought = new Sought();
    for (const leaf of leaves) {
      if (leaf.op === "prefix") {
        sought.#add(leaf, await cutter.beginning(leaf.query));
        continue;
      }
      const terms = await cutter.terms(leaf.query);
      const words = terms.map(({ term, position }) => ({ word: sought.#numberOf(term, leaf), position }));
      const how = leaf.op === "phrase" ? "phrase" : leaf.operator === "and" ? "all" : "some";
      sought.leaves.push({ words, how, slop: leaf.op === "phrase" ? leaf.slop : 0 });
    }
    return sought;
  }

  #add(leaf: TextLeaf, beginning: string): void {
    const word = this.#numberOf(beginning, leaf);
    this.leaves.push({ words: [{ word, position: 0 }], how: "some", slop: 0 });
  }

  /** Numbers of the words that a term of a text is found by. */
  foundBy(term: string): number[] {
    const known = this.#known.get(term);
    if (known) return known;
    const fuzzy = this.#fuzzy.filter((one) => isNear(one, term)).map(({ word }) => word);
    const begun = this.#begun.filter(({ beginning }) => term.startsWith(beginning)).map(({ word }) => word);
    const found = [...(this.#exact.get(term) ?? []), ...fuzzy, ...begun];
    this.#known.set(term, found);
    return found;
  }

  #numberOf(term: string, leaf: TextLeaf): number {
    const { fuzziness, prefixLength } = leaf.op === "match" ? leaf : { fuzziness: 0, prefixLength: 0 };
    const key = JSON.stringify([term, fuzziness, prefixLength, leaf.op === "prefix"]);
    const known = this.#words.get(key);
    if (known !== undefined) return known;
    const word = this.#words.size;
    this.#words.set(key, word);
    if (leaf.op === "prefix") this.#begun.push({ word, beginning: term });
    else if (fuzziness > 0) this.#fuzzy.push({ word, term, fuzziness, prefixLength });
    else this.#exact.set(term, [...(this.#exact.get(term) ?? []), word]);
    return word;
  }
}

const isNear = ({ term, fuzziness, prefixLength }: FuzzyWord, found: string) =>
  haveSameStart(term, found, prefixLength) && isWithinEdits(term, found, fuzziness);

/** LanceDB takes pieces as alternatives, whatever the leaf. */
export async function soughtPieces(leaves: TextLeaf[], cutter: TextCutter): Promise<SoughtPieces[]> {
  const piecesOf = async (text: string) => new Set((await cutter.terms(text)).map(({ term }) => term));
  return Promise.all(
    leaves.map(async ({ query }) => {
      const words = [...new Set(query.split(/\s+/u).filter(Boolean))];
      return { words: await Promise.all(words.map(piecesOf)), whole: await piecesOf(query) };
    }),
  );
}
