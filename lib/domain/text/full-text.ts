import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { DomainError, type Issue, summaryOf } from "../errors.ts";
import { listed } from "../listed.ts";
import { columnName } from "../names.ts";
import { languageCodes, languageOf, stemmedCodes } from "./languages.ts";

/** The full-text indexes of an index: what may be asked for, and what is made of it where nothing was said. */

export const textTokenizer = z.enum(["simple", "whitespace", "icu", "icu/split", "ngram"]);

const stopWords = z.union([
  z.boolean(),
  z.array(z.string().min(1).max(limits.maxStopWordLength)).max(limits.maxStopWords),
]);

const askedTextIndex = z.strictObject({
  column: columnName.meta({ description: "A column of strings" }),
  language: z
    .string()
    .min(1)
    .max(limits.maxLanguageLength)
    .optional()
    .meta({
      description: `What the texts are in, as a code (${languageCodes.join(", ")}) or an English name. Without it words of any script are found as they stand; of another language, any part of a word of ${limits.ngramMin} characters or more`,
      example: "de",
    }),
  stem: z
    .boolean()
    .optional()
    .meta({
      description: `Whether words are found in their other forms; without it, where the language is one of ${stemmedCodes.join(", ")}`,
    }),
  stopWords: stopWords.optional().meta({
    description:
      "Whether the language's most frequent words are left out, or which words are; without it, as stem",
  }),
  positions: z
    .boolean()
    .default(true)
    .meta({ description: "Phrases are found by them; without them the index is smaller" }),
  tokenizer: textTokenizer.optional().meta({
    description:
      "How texts are cut. simple: at what is no letter or digit. whitespace: at white space. icu: into words, those of Chinese, Japanese and Thai by dictionary; icu/split: these at punctuation, too. ngram: into all pieces of 2 and 3 characters. Without it by language",
  }),
});
export type AskedTextIndex = z.output<typeof askedTextIndex>;

/** As a request asks for them. */
export const askedFullText = z
  .array(askedTextIndex)
  .max(limits.maxTextColumns)
  .superRefine((all, context) => {
    for (const [i, { column }] of all.entries())
      if (all.findIndex((one) => one.column === column) < i)
        context.addIssue({
          code: "custom",
          path: [i, "column"],
          message: "is named twice; each column has one index",
        });
  })
  .meta({
    description: "Columns whose texts are searched: each gets a full-text index, kept up as the others are",
  });

/** As it is built, every field decided. An index of a later release may have a tokenizer that is not known here. */
export const textIndex = z.object({
  column: z.string(),
  tokenizer: z.string(),
  /** A code where it is known, else as it was told; null where it was not. */
  language: z.string().nullable(),
  stem: z.boolean(),
  stopWords: z.union([z.boolean(), z.array(z.string())]),
  positions: z.boolean(),
});
export type TextIndex = z.infer<typeof textIndex>;

/**
 * Decides what was left open.
 * @param path where the list is in the request
 * @throws IndexParametersInvalid naming what does not go with its language, or is no column of strings
 */
export function resolvedFullText(
  asked: AskedTextIndex[],
  columns: { name: string; type: string }[],
  path = "fullText",
): TextIndex[] {
  const issues = asked.flatMap((one, i) => textIssues(one, columns, `${path}[${i}]`));
  if (issues.length > 0) throw new DomainError("IndexParametersInvalid", summaryOf(issues), { issues });
  return asked.map(resolvedTextIndex);
}

/** What is wrong with one of them, for the columns that there are. */
export function textIssues(
  { column, language, stem, stopWords }: AskedTextIndex,
  columns: { name: string; type: string }[],
  path: string,
): Issue[] {
  const fit = columns.filter(({ type }) => isText(type)).map(({ name }) => name);
  const known = language === undefined ? undefined : languageOf(language);
  const wanting = `needs a language of which they are known: ${stemmedCodes.join(", ")}`;
  return [
    ...(fit.includes(column)
      ? []
      : [{ path: `${path}.column`, message: `"${column}" holds no strings; these do: ${listed(fit)}` }]),
    ...(stem && !known?.hasStems ? [{ path: `${path}.stem`, message: wanting }] : []),
    ...(stopWords === true && !known?.hasStems
      ? [{ path: `${path}.stopWords`, message: `${wanting}; or list the words` }]
      : []),
  ];
}

/** Whether a column of this Arrow type has texts. */
export const isText = (type: string): boolean => /^(Large)?Utf8$/.test(type);

function resolvedTextIndex({
  column,
  language,
  stem,
  stopWords,
  positions,
  tokenizer,
}: AskedTextIndex): TextIndex {
  const known = language === undefined ? undefined : languageOf(language);
  const hasStems = known?.hasStems ?? false;
  return {
    column,
    tokenizer: tokenizer ?? tokenizerFor(language, known),
    language: known?.code ?? language ?? null,
    stem: stem ?? (hasStems && tokenizer !== "ngram"),
    stopWords: stopWords ?? (hasStems && tokenizer !== "ngram"),
    positions,
  };
}

/** Simple finds `dog` in `dog's`, where icu/split does not; icu/split finds words that no space parts. */
function tokenizerFor(language: string | undefined, known: ReturnType<typeof languageOf>) {
  if (language !== undefined && !known) return "ngram";
  return known?.isPartedByLetters ? "simple" : "icu/split";
}

/** Those of an index that is published. An earlier release that built it anew knows only what its job asked for. */
export function textIndexesOf({
  fullText,
  asked,
}: {
  fullText?: TextIndex[];
  asked?: { fullText?: TextIndex[] };
}): TextIndex[] {
  return fullText ?? asked?.fullText ?? [];
}

/** Of those that an index had, the ones whose columns are there still. */
export function stillThere(all: TextIndex[], columns: { name: string; type: string }[]): TextIndex[] {
  return all.filter(({ column }) => columns.some(({ name, type }) => name === column && isText(type)));
}
