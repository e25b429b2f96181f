import { hitsTooLarge, rowsWithin, widestColumn } from "../../../domain/answer-size.ts";
import type { Fallbacks } from "../../../domain/fallbacks.ts";
import { byPlace } from "../../../domain/search/located-hits.ts";
import type { TextSearch } from "../../../domain/search/reader.ts";
import type { Hit } from "../../../domain/search/search-response.ts";
import { type TextIndex, textIndexesOf } from "../../../domain/text/full-text.ts";
import { exactPlan, fuzzyColumnsOf, isFuzzy, type Vocabulary } from "../../../domain/text/fuzzy-words.ts";
import { shortestOf, withoutPrefixes } from "../../../domain/text/prefixes.ts";
import type { TextCutter } from "../../../domain/text/text-cutter.ts";
import type { TextPlan } from "../../../domain/text/text-plan.ts";
import { lanceCall } from "../lance-errors.ts";
import { textCutter } from "../text-cutter.ts";
import type { KnownWords } from "./known-words.ts";
import type { PartSearch, TableSource } from "./table-queries.ts";
import { rowsIn, wordsOfRows } from "./words-of-rows.ts";

/** The rows that every index of some columns' text holds, or those that one of them does not. */
export interface RowsPart {
  sql: string;
  isIndexed: boolean;
}

/** What is looked for in a part of the rows. */
export interface PartPlan {
  plan: TextPlan;
  /** All rows without it. */
  part?: RowsPart;
}

/**
 * What LanceDB is to look for in place of a plan that names beginnings of words, or fuzzy ones. It compares fuzzy words with
 * those of its indexes alone: so rows that these do not hold yet are searched for such of their own words as are near
 * enough, beside the others.
 */
export async function partPlans(
  source: TableSource,
  asked: TextPlan,
  words: KnownWords,
  fallbacks: Fallbacks,
  timeoutMs: number,
): Promise<PartPlan[]> {
  const ends = performance.now() + timeoutMs;
  const { unheld } = words;
  const plan = await expandedPlan(source, asked, words, fallbacks, timeoutMs);
  if (unheld.length === 0 || !isFuzzy(plan)) return [{ plan }];
  const sql = rowsIn(unheld);
  const cutters = new Map<string, TextCutter>();
  const vocabularies = new Map<string, Vocabulary>();
  for (const index of indexesOf(source, fuzzyColumnsOf(plan))) {
    const cutter = textCutter(index);
    cutters.set(index.column, cutter);
    const own = wordsOfRows(source, index.column, sql, cutter, fallbacks);
    vocabularies.set(index.column, await lanceCall(ends - performance.now(), () => own));
  }
  const exact = await exactPlan(plan, cutters, vocabularies);
  return [
    { plan, part: { sql: `NOT (${sql})`, isIndexed: true } },
    { plan: exact, part: { sql, isIndexed: false } },
  ];
}

/**
 * With words in place of their beginnings: those of the indexes, and of rows that these do not hold yet. Words that a search
 * would cut into others are left out.
 * @throws DeadlineExceeded, and what KnownWords throws
 */
export async function expandedPlan(
  source: TableSource,
  plan: TextPlan,
  { unheld, beginningWith }: KnownWords,
  fallbacks: Fallbacks,
  timeoutMs: number,
): Promise<TextPlan> {
  const ends = performance.now() + timeoutMs;
  return withoutPrefixes(plan, async ({ column, query, maxExpansions }) => {
    const [index] = indexesOf(source, [column]);
    if (!index) return [];
    const cutter = textCutter(index);
    const beginning = await cutter.beginning(query);
    if (beginning === "") return [];
    const left = () => ends - performance.now();
    const held = await lanceCall(left(), () => beginningWith(column, beginning, maxExpansions));
    const rows =
      unheld.length > 0 ? wordsOfRows(source, column, rowsIn(unheld), cutter, fallbacks) : undefined;
    const own = rows ? await lanceCall(left(), () => rows) : new Map();
    const begun = [...own.keys()].filter((word) => word.startsWith(beginning));
    return wholeWords(shortestOf([held, begun], maxExpansions), cutter);
  });
}

/** Those that the column's tokenizer leaves as they are. */
async function wholeWords(words: string[], cutter: TextCutter): Promise<string[]> {
  const cut = await Promise.all(words.map((word) => cutter.terms(word)));
  return words.filter((word, i) => cut[i]?.length === 1 && cut[i]?.[0]?.term === word);
}

/**
 * The best of all rows, of which each part is searched by itself.
 * @throws AnswerTooLarge, DeadlineExceeded, and what the search of a part throws
 */
export async function searchParts(
  source: TableSource,
  query: TextSearch,
  words: KnownWords,
  fallbacks: Fallbacks,
  search: (part: PartSearch) => Promise<Hit[]>,
): Promise<Hit[]> {
  const ends = performance.now() + query.timeoutMs;
  const parts = await partPlans(source, query.plan, words, fallbacks, query.timeoutMs);
  const timeoutMs = ends - performance.now();
  const each = parts.map((part) => search({ ...query, ...part, timeoutMs }));
  const [only] = each;
  if (only && each.length === 1) return only;
  return bestOf(await Promise.all(each), query);
}

/** @throws AnswerTooLarge */
function bestOf(parts: Hit[][], { k, leg }: TextSearch): Hit[] {
  const all = parts.flat().sort((a, b) => b.score - a.score || byPlace(a, b, leg !== undefined));
  const best = all.slice(0, k);
  return rowsWithin(
    best.length,
    (i) => best[i] as Hit,
    (fit, hit) => hitsTooLarge(best.length, fit, widestColumn(hit)),
  );
}

/** Of pieces none: any two of them are near. */
const indexesOf = ({ published }: TableSource, columns: string[]): TextIndex[] =>
  textIndexesOf(published).filter(
    ({ column, tokenizer }) => columns.includes(column) && tokenizer !== "ngram",
  );
