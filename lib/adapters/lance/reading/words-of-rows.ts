import type { Table } from "@lancedb/lancedb";
import { limits } from "../../../config/limits.ts";
import type { Fallbacks } from "../../../domain/fallbacks.ts";
import type { Vocabulary } from "../../../domain/text/fuzzy-words.ts";
import type { TextCutter } from "../../../domain/text/text-cutter.ts";
import { inBatches } from "../in-batches.ts";
import type { TableSource } from "./table-queries.ts";

/** Words of a table's rows at a version: they are the same for all searches of it. */
const known = new WeakMap<Table, { version: number; byColumn: Map<string, Promise<Vocabulary>> }>();

/** Of the first rows of those that a condition takes, each as its term. */
export function wordsOfRows(
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

/** Fragments that follow each other are one range: a row's address begins with the number of its fragment. */
export function rowsIn(fragments: number[]): string {
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
