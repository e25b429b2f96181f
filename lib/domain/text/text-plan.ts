import { limits } from "../../config/limits.ts";
import { badRequest, type Issue } from "../errors.ts";
import { listed } from "../listed.ts";
import { beginningIssues, columnIssues, type SearchedColumn } from "./column-issues.ts";
import type { TextQuery, TextTree } from "./text-query.ts";

/** What is looked for in one column. */
export type TextLeaf =
  | {
      op: "match";
      column: string;
      query: string;
      operator: "and" | "or";
      fuzziness: number;
      prefixLength: number;
      maxExpansions: number;
      boost: number;
    }
  | { op: "prefix"; column: string; query: string; maxExpansions: number; boost: number }
  | { op: "phrase"; column: string; query: string; slop: number };

/** A query of text whose columns are those of an index, with nothing left open. */
export type TextPlan =
  | TextLeaf
  | { op: "boolean"; must: TextPlan[]; should: TextPlan[]; mustNot: TextPlan[] }
  | { op: "boost"; positive: TextPlan; negative: TextPlan; negativeBoost: number };

/**
 * What a query of text looks for in the columns of an index.
 * @param columns with full text
 * @throws BadRequest with everything that does not fit them
 */
export function textPlan(text: TextQuery, columns: SearchedColumn[]): TextPlan {
  const issues = textIssues(text, columns);
  if (issues.length > 0) throw badRequest(issues);
  return planned(treeOf(text), columns);
}

/** Everything of a query that does not fit an index. */
export function textIssues(text: TextQuery, columns: SearchedColumn[]): Issue[] {
  if (columns.length === 0)
    return [
      {
        path: "text",
        message:
          "the index has no full text, which a build-index job with fullText makes, or no embedding provider; send a vector",
      },
    ];
  if (typeof text === "string" && text.length > limits.maxTextLength)
    return [{ path: "text", message: `has more than ${limits.maxTextLength} characters` }];
  const issues = issuesIn(treeOf(text), "text", columns);
  const fuzzy = fuzzyWordsIn(treeOf(text), columns);
  return fuzzy > limits.maxFuzzyWords
    ? [
        ...issues,
        { path: "text", message: `has ${fuzzy} fuzzy words and prefixes, at most ${limits.maxFuzzyWords}` },
      ]
    : issues;
}

const treeOf = (text: TextQuery): TextTree =>
  typeof text === "string" ? { op: "match", query: text } : text;

function issuesIn(tree: TextTree, path: string, columns: SearchedColumn[]): Issue[] {
  switch (tree.op) {
    case "match":
      return matchIssues(tree, path, columns);
    case "prefix":
      return beginningIssues(tree.columns, path, columns);
    case "phrase":
      return phraseIssues(tree, path, columns);
    case "boost":
      return (["positive", "negative"] as const).flatMap((part) =>
        issuesIn(tree[part], `${path}.${part}`, columns),
      );
    default:
      return booleanIssues(tree, path, columns);
  }
}

type Of<Op extends TextTree["op"]> = Extract<TextTree, { op: Op }>;

function matchIssues(tree: Of<"match">, path: string, columns: SearchedColumn[]): Issue[] {
  const searched = tree.columns ?? columns.map(({ column }) => column);
  const boosted = Object.keys(tree.boosts ?? {}).filter((name) => !searched.includes(name));
  const long = tree.fuzziness
    ? wordsIn(tree.query).find((word) => lengthOf(word) > limits.maxFuzzyWordLength)
    : undefined;
  return [
    ...(tree.columns ?? []).flatMap((name, i) => columnIssues(name, `${path}.columns[${i}]`, columns)),
    ...boosted.map((name) => ({
      path: `${path}.boosts.${name}`,
      message: `is none of the columns that are searched: ${listed(searched)}`,
    })),
    ...(long === undefined
      ? []
      : [
          {
            path: `${path}.query`,
            message: `has a word of more than ${limits.maxFuzzyWordLength} letters, too long for fuzziness`,
          },
        ]),
  ];
}

/** Where no column is named there has to be one only. */
function oneColumnIssues(tree: Of<"phrase">, path: string, columns: SearchedColumn[]): Issue[] {
  if (tree.column !== undefined) return columnIssues(tree.column, `${path}.column`, columns);
  const known = columns.map(({ column }) => column);
  return known.length === 1 ? [] : [{ path: `${path}.column`, message: `must be one of: ${listed(known)}` }];
}

const oneColumn = ({ column }: Of<"phrase">, columns: SearchedColumn[]) =>
  columns.find((one) => column === undefined || one.column === column);

function phraseIssues(tree: Of<"phrase">, path: string, columns: SearchedColumn[]): Issue[] {
  const issues = oneColumnIssues(tree, path, columns);
  if (issues.length > 0 || oneColumn(tree, columns)?.positions) return issues;
  const message =
    "the column's full text has no positions, by which phrases are found: a build-index job whose fullText says positions: true makes them; match with operator and finds documents with all of the words";
  return [{ path, message }];
}

function booleanIssues(tree: Of<"boolean">, path: string, columns: SearchedColumn[]): Issue[] {
  const parts = ["must", "should", "mustNot"] as const;
  const inner = parts.flatMap((part) =>
    (tree[part] ?? []).flatMap((one, i) => issuesIn(one, `${path}.${part}[${i}]`, columns)),
  );
  const finds = (tree.must ?? []).length + (tree.should ?? []).length > 0;
  return finds
    ? inner
    : [...inner, { path, message: "must have must or should: mustNot alone finds nothing" }];
}

function planned(tree: TextTree, columns: SearchedColumn[]): TextPlan {
  switch (tree.op) {
    case "match":
      return inColumns(tree, columns, (column) => leafPlan(tree, column));
    case "prefix": {
      const { query, maxExpansions = limits.defaultTextExpansions, boost = 1 } = tree;
      const own = { op: "prefix" as const, query, maxExpansions, boost };
      return inColumns(tree, columns, (column) => ({ ...own, column }));
    }
    case "phrase":
      return {
        op: "phrase",
        column: oneColumn(tree, columns)?.column ?? "",
        query: tree.query,
        slop: tree.slop ?? 0,
      };
    case "boost": {
      const { positive, negative, negativeBoost = 0 } = tree;
      const [found, lowered] = [planned(positive, columns), planned(negative, columns)];
      return { op: "boost", positive: found, negative: lowered, negativeBoost };
    }
    default: {
      const all = (some: TextTree[] = []) => some.map((one) => planned(one, columns));
      return { op: "boolean", must: all(tree.must), should: all(tree.should), mustNot: all(tree.mustNot) };
    }
  }
}

/** The scores of several columns are summed up. */
function inColumns(
  { columns: named }: { columns?: string[] | undefined },
  columns: SearchedColumn[],
  plan: (column: string) => TextPlan,
): TextPlan {
  return either([...new Set(named ?? columns.map(({ column }) => column))].map(plan));
}

function either(plans: TextPlan[]): TextPlan {
  const [only] = plans;
  return plans.length === 1 && only ? only : { op: "boolean", must: [], should: plans, mustNot: [] };
}

/** LanceDB takes a fuzziness of its own choice for none: so the words are told apart by their length here. */
function leafPlan(tree: Of<"match">, column: string): TextPlan {
  if (tree.fuzziness !== "auto") return leaf(column, tree);
  const groups = Map.groupBy(wordsIn(tree.query), fuzzinessOf);
  const leaves = [...groups].map(([fuzziness, some]) =>
    leaf(column, { ...tree, query: some.join(" "), fuzziness }),
  );
  if (leaves.length === 0) return leaf(column, { ...tree, fuzziness: 0 });
  if (tree.operator !== "and" || leaves.length === 1) return either(leaves);
  return { op: "boolean", must: leaves, should: [], mustNot: [] };
}

function leaf(column: string, tree: Of<"match">): TextLeaf {
  const { query, operator = "or", fuzziness, prefixLength = 0, boost = 1, boosts } = tree;
  const { maxExpansions = limits.defaultTextExpansions } = tree;
  return {
    op: "match",
    column,
    query,
    operator,
    fuzziness: typeof fuzziness === "number" ? fuzziness : 0,
    prefixLength,
    maxExpansions,
    boost: boost * (boosts && Object.hasOwn(boosts, column) ? (boosts[column] ?? 1) : 1),
  };
}

export const isLeaf = (plan: TextPlan): plan is TextLeaf => plan.op !== "boolean" && plan.op !== "boost";

/** Its leaves, in the order in which they are written. @param withNot also those that no hit has */
export function leavesOf(plan: TextPlan, withNot = false): TextLeaf[] {
  if (isLeaf(plan)) return [plan];
  if (plan.op === "boost") return [plan.positive, plan.negative].flatMap((one) => leavesOf(one, withNot));
  const found = [...plan.must, ...plan.should, ...(withNot ? plan.mustNot : [])];
  return found.flatMap((one) => leavesOf(one, withNot));
}

/** The words of a leaf, each as what finds documents that have it; a phrase is one. */
export function wordsOfLeaf(leaf: TextLeaf): TextLeaf[] {
  if (leaf.op !== "match") return [leaf];
  const words = [...new Set(wordsIn(leaf.query))];
  return words.map((query) => ({ ...leaf, query, operator: "and" }));
}

/** The columns that are looked into. */
export const columnsOf = (plan: TextPlan): string[] => [
  ...new Set(leavesOf(plan, true).map(({ column }) => column)),
];

function fuzzyWordsIn(tree: TextTree, columns: SearchedColumn[]): number {
  if (tree.op === "boost") return fuzzyWordsIn(tree.positive, columns) + fuzzyWordsIn(tree.negative, columns);
  if (tree.op === "boolean")
    return [tree.must, tree.should, tree.mustNot]
      .flatMap((some) => some ?? [])
      .reduce((sum, one) => sum + fuzzyWordsIn(one, columns), 0);
  if (tree.op === "prefix") return (tree.columns ?? columns).length;
  if (tree.op !== "match" || !tree.fuzziness) return 0;
  return wordsIn(tree.query).length * (tree.columns ?? columns).length;
}

const lengthOf = (word: string) => [...word].length;

/** A letter of a word of 3, two of one of 6. */
function fuzzinessOf(word: string): number {
  const length = lengthOf(word);
  return length <= 2 ? 0 : length <= 5 ? 1 : 2;
}

const wordsIn = (text: string): string[] => text.split(/[^\p{Alphabetic}\p{M}\p{N}]+/u).filter(Boolean);
