import type { Table } from "@lancedb/lancedb";
import { limits } from "../../../config/limits.ts";
import { hitsTooLarge, rowsWithin, widestColumn } from "../../../domain/answer-size.ts";
import type { Fallbacks } from "../../../domain/fallbacks.ts";
import { byPlace } from "../../../domain/search/located-hits.ts";
import type { TextSearch } from "../../../domain/search/reader.ts";
import type { Hit } from "../../../domain/search/search-response.ts";
import { type TextIndex, textIndexesOf } from "../../../domain/text/full-text.ts";
import { exactPlan, fuzzyColumnsOf, type Vocabulary } from "../../../domain/text/fuzzy-words.ts";
import type { TextCutter } from "../../../domain/text/text-cutter.ts";
import type { TextPlan } from "../../../domain/text/text-plan.ts";
import { inBatches } from "../in-batches.ts";
import { lanceCall } from "../lance-errors.ts";
import { textCutter } from "../text-cutter.ts";
import type { PartSearch, TableSource } from "./table-queries.ts";

/** The rows that every index of some columns' text holds, or those that one of them does not. */
export interface RowsPart {
  sql: string;
  isIndexed: boolean;
}

/** What is looked for in a part of the rows. */
export interface PartPlan {
  plan: TextPlan;
  part: RowsPart;
}

/**
 * LanceDB compares fuzzy words with those of its indexes alone. So rows that these do not hold yet are searched for such of
 * their own words as are near enough, beside the others.
 * @param unheld fragments that some index of the columns' text does not hold
 */
export async function partPlans(
  source: TableSource,
  plan: TextPlan,
  unheld: number[],
  fallbacks: Fallbacks,
  timeoutMs: number,
): Promise<PartPlan[]> {
  const sql = rowsIn(unheld);
  const cutters = new Map<string, TextCutter>();
  const vocabularies = new Map<string, Vocabulary>();
  for (const index of indexesOf(source, fuzzyColumnsOf(plan))) {
    const cutter = textCutter(index);
    cutters.set(index.column, cutter);
    const words = wordsOfRows(source, index.column, sql, cutter, fallbacks);
    vocabularies.set(index.column, await lanceCall(timeoutMs, () => words));
  }
  const exact = await exactPlan(plan, cutters, vocabularies);
  return [
    { plan, part: { sql: `NOT (${sql})`, isIndexed: true } },
    { plan: exact, part: { sql, isIndexed: false } },
  ];
}

/**
 * The best of all rows, of which each part is searched by itself.
 * @param unheld as of partPlans
 * @throws AnswerTooLarge, DeadlineExceeded, and what the search of a part throws
 */
export async function searchParts(
  source: TableSource,
  query: TextSearch,
  unheld: number[],
  fallbacks: Fallbacks,
  search: (part: PartSearch) => Promise<Hit[]>,
): Promise<Hit[]> {
  const ends = performance.now() + query.timeoutMs;
  const parts = await partPlans(source, query.plan, unheld, fallbacks, query.timeoutMs);
  const timeoutMs = ends - performance.now();
  const each = parts.map((part) => search({ ...query, ...part, timeoutMs }));
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

/** Fragments that follow each other are one range: a row's address begins with the number of its fragment. */
function rowsIn(fragments: number[]): string {
  const ranges: { from: number; to: number }[] = [];
  for (const id of fragments.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last?.to === id) last.to = id + 1;
    else ranges.push({ from: id, to: id + 1 });
  }
  const addressOf = (id: number) => BigInt(id) << 32n;
  return ranges
    .map(({ from, to }) => `(_rowaddr >= ${addressOf(from)} AND _rowaddr < ${addressOf(to)})`)
    .join(" OR ");
}

/** Words of a table's rows at a version: they are the same for all searches of it. */
const known = new WeakMap<Table, { version: number; byColumn: Map<string, Promise<Vocabulary>> }>();

function wordsOfRows(
  { followed: { table, version } }: TableSource,
  column: string,
  sql: string,
  cutter: TextCutter,
  fallbacks: Fallbacks,
): Promise<Vocabulary> {
  const there = known.get(table);
  const byColumn = there?.version === version ? there.byColumn : new Map<string, Promise<Vocabulary>>();
  known.set(table, { version, byColumn });
  const words = byColumn.get(column) ?? readWords(table, column, sql, cutter, fallbacks);
  byColumn.set(column, words);
  words.catch(() => byColumn.delete(column));
  return words;
}

/** Of the first rows, and of as much of their text as is read in good time. */
async function readWords(
  table: Table,
  column: string,
  sql: string,
  cutter: TextCutter,
  fallbacks: Fallbacks,
): Promise<Vocabulary> {
  const scan = table.query().where(sql).select([column]).limit(limits.fuzzyRows);
  const surfaces = new Set<string>();
  let left: number = limits.fuzzyTexts;
  for await (const batch of inBatches(scan, limits.fuzzyBatchRows, fallbacks)) {
    const texts = Array.from(batch.getChild(column) ?? [], (text) => String(text ?? ""));
    const text = texts.join("\n").slice(0, left);
    left -= text.length;
    for (const surface of await cutter.surfaces(text)) surfaces.add(surface);
    if (left <= 0) break;
  }
  return vocabularyOf([...surfaces], cutter);
}

async function vocabularyOf(surfaces: string[], cutter: TextCutter): Promise<Vocabulary> {
  const vocabulary: Vocabulary = new Map();
  for (let i = 0; i < surfaces.length; i += limits.fuzzyBatchWords) {
    const some = surfaces.slice(i, i + limits.fuzzyBatchWords);
    for (const [j, term] of (await cutter.reduced(some)).entries())
      if (term) vocabulary.set(term, some[j] ?? "");
  }
  return vocabulary;
}
