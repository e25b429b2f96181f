import { limits } from "../../../config/limits.ts";
import type { TextCutter } from "../text-cutter.ts";
import type { TextLeaf } from "../text-plan.ts";
import { apart, type Mark } from "./mark.ts";
import { markedPieces, type TextPiece } from "./marked-pieces.ts";
import { markedWords, placesOf, type TextWord } from "./marked-words.ts";
import { Sought, type SoughtPieces, soughtPieces } from "./sought-words.ts";

/** Tells what of a column's texts is found by a query. */
export interface TextMarker {
  /** Apart from each other, in order. @param isWhole whether the text ends where it was not cut */
  marks(text: string, isWhole: boolean): Promise<Mark[]>;
}

/** @param leaves of a query that look into the column */
export async function textMarker(leaves: TextLeaf[], cutter: TextCutter): Promise<TextMarker> {
  if (cutter.isOfPieces) return new PieceMarker(cutter, await soughtPieces(leaves, cutter));
  return new WordMarker(cutter, await Sought.by(leaves, cutter));
}

class WordMarker implements TextMarker {
  readonly #cutter: TextCutter;
  readonly #sought: Sought;
  /** Which words that are looked for a word is found by, as it is written: a text has few that others have not. */
  readonly #known = new Map<string, number[]>();

  constructor(cutter: TextCutter, sought: Sought) {
    this.#cutter = cutter;
    this.#sought = sought;
  }

  async marks(text: string, isWhole: boolean): Promise<Mark[]> {
    const surfaces = await this.#cutter.surfaces(text);
    const found = await this.#found(surfaces);
    const words = placesOf(text, surfaces).flatMap((place, position): TextWord[] => {
      const foundBy = found[position] ?? [];
      return place && foundBy.length > 0 ? [{ ...place, position, foundBy }] : [];
    });
    return apart(markedWords(words, this.#sought, isWhole), limits.maxHighlightMarks);
  }

  /** Which words that are looked for each word of a text is found by. */
  async #found(surfaces: string[]): Promise<number[][]> {
    const unknown = [...new Set(surfaces)].filter((one) => !this.#known.has(one));
    const terms = unknown.length > 0 ? await this.#cutter.reduced(unknown) : [];
    for (const [i, surface] of unknown.entries()) {
      const term = terms[i];
      this.#known.set(surface, term === undefined ? [] : this.#sought.foundBy(term));
    }
    return surfaces.map((surface) => this.#known.get(surface) ?? []);
  }
}

class PieceMarker implements TextMarker {
  readonly #cutter: TextCutter;
  readonly #sought: SoughtPieces[];

  constructor(cutter: TextCutter, sought: SoughtPieces[]) {
    this.#cutter = cutter;
    this.#sought = sought;
  }

  async marks(text: string): Promise<Mark[]> {
    const pieces = await this.#pieces(text);
    return apart(markedPieces(pieces, this.#sought), limits.maxHighlightMarks);
  }

  /** From each character on but the last there is one. */
  async #pieces(text: string): Promise<TextPiece[]> {
    const terms = await this.#cutter.terms(text);
    const starts = [0];
    for (const character of text) starts.push((starts.at(-1) ?? 0) + character.length);
    if (terms.length !== starts.length - 2) return [];
    return terms.map(({ term }, i) => ({ term, start: starts[i] ?? 0, end: starts[i + 2] ?? 0 }));
  }
}
