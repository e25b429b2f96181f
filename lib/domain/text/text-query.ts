import { z } from "zod";
import { limits } from "../../config/limits.ts";
import type { Issue } from "../errors.ts";
import { columnName } from "../names.ts";

const words = z
  .string()
  .min(1)
  .max(limits.maxTextLength)
  .refine((text) => text.isWellFormed(), "must be well-formed Unicode")
  .meta({ description: "Words, which are made tokens as those of the column were", example: "quick foxes" });

const boost = z.number().min(0).max(limits.maxTextBoost);

export type TextTree =
  | {
      op: "match";
      query: string;
      columns?: string[] | undefined;
      operator?: "and" | "or" | undefined;
      fuzziness?: number | "auto" | undefined;
      prefixLength?: number | undefined;
      maxExpansions?: number | undefined;
      boost?: number | undefined;
      boosts?: Record<string, number> | undefined;
    }
  | {
      op: "prefix";
      query: string;
      columns?: string[] | undefined;
      maxExpansions?: number | undefined;
      boost?: number | undefined;
    }
  | { op: "phrase"; query: string; column?: string | undefined; slop?: number | undefined }
  | {
      op: "boolean";
      must?: TextTree[] | undefined;
      should?: TextTree[] | undefined;
      mustNot?: TextTree[] | undefined;
    }
  | { op: "boost"; positive: TextTree; negative: TextTree; negativeBoost?: number | undefined };

const several = () => z.array(textTree).min(1).max(limits.maxTextNodes).optional();

/** A query of text is data: a tree whose leaves are words in columns, given to LanceDB as its own query objects. */
export const textTree: z.ZodType<TextTree> = z
  .lazy(() =>
    z.discriminatedUnion("op", [
      z.strictObject({
        op: z.literal("match"),
        query: words,
        columns: z.array(columnName).min(1).max(limits.maxTextColumns).optional(),
        operator: z.enum(["and", "or"]).optional(),
        fuzziness: z
          .union([z.int().min(0).max(limits.maxFuzziness), z.literal("auto")], {
            error: `must be 0 to ${limits.maxFuzziness}, or "auto"`,
          })
          .optional(),
        prefixLength: z.int().min(0).max(limits.maxFuzzyWordLength).optional(),
        maxExpansions: z.int().min(1).max(limits.maxTextExpansions).optional(),
        boost: boost.optional(),
        boosts: z.record(columnName, boost).optional(),
      }),
      z.strictObject({
        op: z.literal("prefix"),
        query: words
          .refine((text) => !/\s/u.test(text), "must be the beginning of one word, without white space")
          .meta({ description: "How a word begins", example: "univ" }),
        columns: z.array(columnName).min(1).max(limits.maxTextColumns).optional(),
        maxExpansions: z.int().min(1).max(limits.maxTextExpansions).optional(),
        boost: boost.optional(),
      }),
      z.strictObject({
        op: z.literal("phrase"),
        query: words,
        column: columnName.optional(),
        slop: z.int().min(0).max(limits.maxPhraseSlop).optional(),
      }),
      z.strictObject({ op: z.literal("boolean"), must: several(), should: several(), mustNot: several() }),
      z.strictObject({
        op: z.literal("boost"),
        positive: textTree,
        negative: textTree,
        negativeBoost: z.number().min(0).max(1).optional(),
      }),
    ]),
  )
  .meta({
    id: "TextQuery",
    description: `At most ${limits.maxTextNodes} nodes, ${limits.maxTextDepth} levels and ${limits.maxTextLength} characters of words in all. match finds documents that have some (operator or) or all (and) of the words in one of the columns, all full-text columns without any; its score is the sum over the columns. fuzziness is how many letters a word may differ by, auto by its length: none up to 2 letters, 1 up to 5, 2 from there. prefix finds words that begin so, in columns without stems: the maxExpansions shortest of them. phrase finds them next to each other, with up to slop others between them. boolean: all of must, none of mustNot, those of should add to the score. boost: what positive finds, with negativeBoost times the score of negative taken away.`,
  });

/** A string is a match of all full-text columns, or what a vector is made of. */
const plainText = z
  .string()
  .max(limits.maxEmbeddedTextLength)
  .refine((text) => text.trim() !== "", "must hold a word")
  .refine((text) => text.isWellFormed(), "must be well-formed Unicode");
export const textQuery = z.union([plainText, textTree], {
  error: 'must be a string of words, or a tree of them such as {"op": "match", "query": "quick foxes"}',
});
export type TextQuery = z.output<typeof textQuery>;

/**
 * The bounds of a query of text, checked without recursion before anything recursive sees it: a tree of a thousand
 * levels ends LanceDB's process.
 */
export function textBoundIssues(input: unknown): Issue[] {
  const issue = (message: string) => [{ path: "text", message }];
  let level: unknown[] = [input];
  let nodes = 0;
  let length = 0;
  for (let depth = 1; level.length > 0; depth++) {
    nodes += level.length;
    if (nodes > limits.maxTextNodes) return issue(`more than ${limits.maxTextNodes} nodes`);
    if (depth > limits.maxTextDepth) return issue(`deeper than ${limits.maxTextDepth} levels`);
    for (const node of level) length += wordsOf(node).length;
    if (length > limits.maxTextLength) return issue(`more than ${limits.maxTextLength} characters of words`);
    level = level.flatMap(childrenOf);
  }
  return [];
}

function wordsOf(node: unknown): string {
  const { query } = (node ?? {}) as { query?: unknown };
  return typeof query === "string" ? query : "";
}

function childrenOf(node: unknown): unknown[] {
  if (typeof node !== "object" || node === null) return [];
  const { must, should, mustNot, positive, negative } = node as Record<string, unknown>;
  const several = [must, should, mustNot].flatMap((some) =>
    Array.isArray(some) ? some.slice(0, limits.maxTextNodes + 1) : [],
  );
  return [...several, ...[positive, negative].filter((one) => one !== undefined)];
}
