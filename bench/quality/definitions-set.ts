import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { seededRandom } from "../../test/support/seeded-random.ts";
import type { JudgedSet } from "./judged-set.ts";
import { readWordnet, type Synset } from "./wordnet.ts";

interface Entry {
  pos: { part_of_speech: string | null; definitions: { text: string }[] }[];
}

const documents = 5_000;
const queries = 400;
const leastWords = 6;
/** GCIDE took some of its definitions from WordNet: a query that shares more of its words with its document is left out. */
const mostShared = 0.5;
const refersElsewhere = /^(see|same as|one who|one of|alt\.|pertaining|of or pertaining|\(.*\)\s*see)\b/i;

/**
 * Two dictionaries define the same words: who is asked with GCIDE's definition of a word should find WordNet's, which does
 * not name the word. Only words with one meaning in either, so that the pairing is the lexicographers' own.
 */
export function definitionsSet(wordnetFolder: string, gcideFolder: string): JudgedSet {
  const synsets = readWordnet(wordnetFolder);
  const pairs = shuffled(pairsOf(synsets, readGcide(gcideFolder))).slice(0, queries);
  const asked = new Set(pairs.map(({ synset }) => synset.id));
  const others = shuffled(synsets.filter(({ id, gloss }) => !asked.has(id) && wordsOf(gloss).length > 2));
  const held = shuffled([...pairs.map(({ synset }) => synset), ...others.slice(0, documents - pairs.length)]);
  return {
    name: "definitions",
    documents: [...new Set(held)].map(({ id, gloss }) => ({ id, text: gloss })), // two words may share one
    queries: pairs.map(({ word, text, synset }) => ({ id: word, text, gains: { [synset.id]: 1 } })),
  };
}

interface Pair {
  word: string;
  text: string;
  synset: Synset;
}

function pairsOf(synsets: Synset[], entries: Map<string, string>): Pair[] {
  const meanings = new Map<string, Synset[]>();
  for (const synset of synsets)
    for (const word of synset.words) meanings.set(word, [...(meanings.get(word) ?? []), synset]);
  const pairs: Pair[] = [];
  for (const [word, [synset, ...more]] of meanings) {
    const text = entries.get(word);
    if (text && synset && !more.length && isPair(word, text, synset)) pairs.push({ word, text, synset });
  }
  return pairs;
}

function isPair(word: string, text: string, { gloss }: Synset): boolean {
  const [asked, held] = [new Set(wordsOf(text)), new Set(wordsOf(gloss))];
  if (Math.min(asked.size, held.size) < leastWords || refersElsewhere.test(text)) return false;
  if (asked.has(word) || held.has(word)) return false;
  const shared = [...asked].filter((one) => held.has(one)).length;
  return shared / Math.min(asked.size, held.size) <= mostShared;
}

/** The definition of each word that has one. */
function readGcide(folder: string): Map<string, string> {
  const entries = new Map<string, string>();
  for (const file of readdirSync(folder).sort()) {
    const held = JSON.parse(readFileSync(join(folder, file), "utf8")) as Record<string, Entry>;
    for (const [word, { pos }] of Object.entries(held)) {
      const [first, ...more] = pos.flatMap(({ definitions }) => definitions);
      if (first && !more.length) entries.set(word, first.text.replaceAll(/\s+/g, " "));
    }
  }
  return entries;
}

const wordsOf = (text: string) => text.toLowerCase().match(/\p{L}+/gu) ?? [];

function shuffled<T>(values: T[]): T[] {
  const random = seededRandom(7);
  return values
    .map((value) => ({ value, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}
