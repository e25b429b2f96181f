import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A meaning of WordNet: the words that have it, and what it is. */
export interface Synset {
  id: string;
  words: string[];
  gloss: string;
}

/** Every noun and verb of WordNet's database files, its examples left out. @param folder with `data.noun` and `data.verb` */
export function readWordnet(folder: string): Synset[] {
  return ["noun", "verb"].flatMap((kind) =>
    readFileSync(join(folder, `data.${kind}`), "latin1")
      .split("\n")
      .filter((line) => /^\d/.test(line))
      .map((line) => synsetOf(kind, line)),
  );
}

/** `offset file kind count-in-hex (word sense)… | gloss; "example"` */
function synsetOf(kind: string, line: string): Synset {
  const [head = "", text = ""] = line.split(" | ");
  const [offset, , , count = "0", ...rest] = head.split(" ");
  const words = Array.from({ length: Number.parseInt(count, 16) }, (_, i) => rest[2 * i] ?? "");
  return { id: `${kind}-${offset}`, words: words.map(plainWord), gloss: withoutExamples(text) };
}

const plainWord = (word: string) => word.replaceAll("_", " ").toLowerCase();
const withoutExamples = (text: string) =>
  text
    .split(/;\s*(?=["`])/)[0]
    ?.trim()
    .replace(/;$/, "") ?? "";
