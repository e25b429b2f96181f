import { type TokenizeOptions, tokenize } from "@lancedb/lancedb";
import { limits } from "../../config/limits.ts";
import type { TextIndex } from "../../domain/text/full-text.ts";
import type { TextCutter } from "../../domain/text/text-cutter.ts";
import { settingsOf } from "./text-indexes.ts";

/** No word of a text: its place tells how many words stand before it. */
const fence = "zqxj";

/** LanceDB's own tokenizer, set as that of the index; it tells no places in the text. */
export function textCutter(index: TextIndex): TextCutter {
  const { withPosition: _, ...own } = settingsOf(index);
  const isOfPieces = index.tokenizer === "ngram";
  const asIndexed = isOfPieces ? { ...own, removeStopWords: false, ngramMaxLength: own.ngramMinLength } : own;
  const asBegun = {
    ...own,
    ...{ stem: false, removeStopWords: false, customStopWords: undefined, baseTokenizer: "raw" as const },
    maxTokenLength: limits.maxAnswerBytes,
  };
  const asWritten = {
    ...own,
    ...{ stem: false, removeStopWords: false, asciiFolding: false, lowercase: false },
    ...{ customStopWords: undefined, maxTokenLength: limits.maxAnswerBytes },
  };
  return {
    isOfPieces,
    surfaces: async (text) => (await tokenize(text, asWritten)).map(({ text: word }) => word),
    reduced: (surfaces) => reduced(surfaces, own),
    beginning: async (text) => (await tokenize(text, asBegun))[0]?.text ?? "",
    terms: async (text) =>
      (await tokenize(text, asIndexed)).map(({ text: term, position }) => ({ term, position })),
  };
}

/** All at once, each in a line; those that have white space within, as ICU has it in numbers, one by one. */
async function reduced(surfaces: string[], own: Partial<TokenizeOptions>): Promise<(string | undefined)[]> {
  const lines = surfaces.map((one) => (hasSpace.test(one) ? fence : one));
  const text = [fence, ...lines, fence].join("\n");
  const found = await tokenize(text, { ...own, baseTokenizer: "whitespace" });
  if (found.at(-1)?.position !== surfaces.length + 1) return surfaces.map(() => undefined);
  const terms = new Map(found.map(({ text: term, position }) => [position - 1, term]));
  for (const [i, surface] of surfaces.entries())
    if (lines[i] !== surface) terms.set(i, await onlyTerm(surface, own));
  return surfaces.map((_, i) => terms.get(i));
}

const hasSpace = /[\s\u0085]/u;

async function onlyTerm(surface: string, own: Partial<TokenizeOptions>): Promise<string> {
  return (await tokenize(surface, { ...own, baseTokenizer: "raw" }))[0]?.text ?? "";
}
