/** A word as an index of text holds it, and its place among all words, those that are left out, too. */
export interface Term {
  term: string;
  position: number;
}

/** Cuts texts as the index on a column does. */
export interface TextCutter {
  /** Whether into overlapping pieces, of which those of two characters are told here. */
  readonly isOfPieces: boolean;
  /** The words of a text as they are written in it, in order. */
  surfaces(text: string): Promise<string[]>;
  /** The term that each of some words of texts becomes: its stem, in lower case, without accents; undefined where it is left out. */
  reduced(surfaces: string[]): Promise<(string | undefined)[]>;
  /** The beginning of a word as its term begins, where words have no stems: in lower case, without accents. */
  beginning(text: string): Promise<string>;
  /** The terms of a text. */
  terms(text: string): Promise<Term[]>;
}
