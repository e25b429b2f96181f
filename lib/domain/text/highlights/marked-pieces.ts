import type { Mark } from "./mark.ts";
import type { SoughtPieces } from "./sought-words.ts";

/** A piece of two characters of a text, as the index holds it, with its place there. */
export interface TextPiece {
  term: string;
  start: number;
  end: number;
}

/**
 * What a text has of the words that are looked for by their pieces: of each word the longest parts. Where it has none, parts
 * that reach over more than one word.
 * @param pieces all of two characters, in order
 */
export function markedPieces(pieces: TextPiece[], sought: SoughtPieces[]): Mark[] {
  let word = 0;
  return sought.flatMap(({ words, whole }) => {
    const marks = words.flatMap((one) => longest(runsOf(pieces, one, word++)));
    return marks.length > 0 ? marks : longest(runsOf(pieces, whole, word++));
  });
}

/** Pieces that follow each other are one part. */
function runsOf(pieces: TextPiece[], wanted: Set<string>, word: number): Mark[] {
  const runs: Mark[] = [];
  let isRunning = false;
  for (const { term, start, end } of pieces) {
    const isWanted = wanted.has(term);
    const last = runs.at(-1);
    if (isWanted && isRunning && last) last.end = end;
    else if (isWanted) runs.push({ start, end, word });
    isRunning = isWanted;
  }
  return runs;
}

function longest(runs: Mark[]): Mark[] {
  const most = runs.reduce((length, { start, end }) => Math.max(length, end - start), 0);
  return runs.filter(({ start, end }) => end - start === most);
}
