import type { Mark } from "./mark.ts";
import type { Sought, SoughtLeaf } from "./sought-words.ts";

/** A word of a text, with those that it is found by. */
export interface TextWord {
  start: number;
  end: number;
  /** Its place among all words of the text. */
  position: number;
  foundBy: number[];
}

/** A word of a phrase where it stands in a text, behind the one before it. */
interface Link {
  word: number;
  found: TextWord;
  before?: Link | undefined;
}

/**
 * Where words stand in their text.
 * @param surfaces all words of the text, in order, as they are written; one that is not in it as it is given is left out
 */
export function placesOf(text: string, surfaces: string[]): ({ start: number; end: number } | undefined)[] {
  let from = 0;
  return surfaces.map((surface) => {
    const start = text.indexOf(surface, from);
    if (start < 0) return undefined;
    from = start + surface.length;
    return { start, end: from };
  });
}

/**
 * The words of a text by which a query's leaves find it.
 * @param words of the text that are found by some, in order
 * @param isWhole whether the text has no others
 */
export function markedWords(words: TextWord[], { leaves }: Sought, isWhole: boolean): Mark[] {
  const byWord = new Map<number, TextWord[]>();
  for (const one of words)
    for (const word of one.foundBy) {
      const those = byWord.get(word);
      if (those) those.push(one);
      else byWord.set(word, [one]);
    }
  return leaves.flatMap((leaf) => {
    if (leaf.how === "phrase") return phraseMarks(leaf, byWord);
    const numbers = [...new Set(leaf.words.map(({ word }) => word))];
    if (leaf.how === "all" && isWhole && numbers.some((word) => !byWord.has(word))) return [];
    return numbers.flatMap((word) => (byWord.get(word) ?? []).map((found) => markOf({ word, found })));
  });
}

const markOf = ({ word, found: { start, end } }: Link): Mark => ({ start, end, word });

/** As LanceDB finds phrases: each word stands where it should behind the one before it, or up to `slop` later. */
function phraseMarks({ words, slop }: SoughtLeaf, byWord: Map<number, TextWord[]>): Mark[] {
  let links: Link[] = [];
  for (const [i, { word, position }] of words.entries()) {
    const there = byWord.get(word) ?? [];
    const step = position - (words[i - 1]?.position ?? 0);
    links = i === 0 ? there.map((found) => ({ word, found })) : linked(links, there, { word, step, slop });
  }
  const seen = new Set<Link>();
  for (const last of links)
    for (let link: Link | undefined = last; link && !seen.has(link); link = link.before) seen.add(link);
  return [...seen].map(markOf);
}

/** Each behind the nearest that is far enough before it. @param there in order, as those before */
function linked(
  before: Link[],
  there: TextWord[],
  { word, step, slop }: { word: number; step: number; slop: number },
): Link[] {
  let next = 0;
  return there.flatMap((found) => {
    while ((before[next]?.found.position ?? Number.POSITIVE_INFINITY) + step <= found.position) next++;
    const nearest = before[next - 1];
    if (!nearest || nearest.found.position + step + slop < found.position) return [];
    return [{ word, found, before: nearest }];
  });
}
