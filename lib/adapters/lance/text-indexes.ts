import { Index, type IndexOptions, type Table } from "@lancedb/lancedb";
import { limits } from "../../config/limits.ts";
import type { TextIndex } from "../../domain/text/full-text.ts";
import { stemsOf } from "../../domain/text/languages.ts";
import { indicesOn } from "./indices-on.ts";

/** Full-text indexes as LanceDB builds them. Of two on one column it searches either, so that there is one. */

const textIndexName = (column: string) => `${column}_fts`;

export function textIndexOptions(index: TextIndex): Partial<IndexOptions> {
  return { config: Index.fts(settingsOf(index)), replace: true, name: textIndexName(index.column) };
}

/** LanceDB ends the process at a language that it does not know. */
export function settingsOf({ tokenizer, language, stem, stopWords, positions }: TextIndex) {
  return {
    baseTokenizer: tokenizer as "simple",
    language: stemsOf(language) ?? "English",
    stem: stem && stemsOf(language) !== undefined,
    removeStopWords: stopWords !== false,
    customStopWords: Array.isArray(stopWords) ? stopWords : undefined,
    withPosition: positions,
    asciiFolding: true,
    lowercase: true,
    maxTokenLength: limits.maxTokenLength,
    ngramMinLength: limits.ngramMin,
    ngramMaxLength: limits.ngramMax,
  };
}

/** Of a table without rows, for those that come. One that is there stays. */
export async function indexTexts(table: Table, index: TextIndex): Promise<void> {
  const there = await indicesOn(table, index.column);
  if (there.some(({ name }) => name === textIndexName(index.column))) return;
  await table.createIndex(index.column, textIndexOptions(index));
}

/** Whether an index holds every row, cut as told. */
export async function isIndexedAs(table: Table, index: TextIndex): Promise<boolean> {
  const there = await indicesOn(table, index.column);
  const built = there.find(({ name }) => name === textIndexName(index.column));
  if (built?.numUnindexedRows !== 0) return false;
  const details = (built.indexDetails ?? {}) as Record<string, unknown>;
  return Object.entries(toldOf(settingsOf(index))).every(
    ([name, value]) => JSON.stringify(details[name] ?? null) === JSON.stringify(value),
  );
}

/** As LanceDB tells the settings of an index that is there. */
const toldOf = (settings: ReturnType<typeof settingsOf>) => ({
  base_tokenizer: settings.baseTokenizer,
  language: settings.language,
  stem: settings.stem,
  remove_stop_words: settings.removeStopWords,
  custom_stop_words: settings.customStopWords ?? null,
  with_position: settings.withPosition,
  ascii_folding: settings.asciiFolding,
  lower_case: settings.lowercase,
  max_token_length: settings.maxTokenLength,
  min_ngram_length: settings.ngramMinLength,
  max_ngram_length: settings.ngramMaxLength,
});

/** Indexes of texts that shall not stay beside these: others on their columns, and those that were built here for others. */
export async function otherTextIndexes(table: Table, all: TextIndex[]): Promise<string[]> {
  const kept = new Set(all.map(({ column }) => textIndexName(column)));
  const found = (await table.listIndices()).filter(({ indexType }) => indexType === "FTS");
  const names = await Promise.all(all.map(({ column }) => indicesOn(table, column)));
  const onTheirs = new Set(names.flat().map(({ name }) => name));
  return found
    .filter(
      ({ name, columns }) => onTheirs.has(name) || columns.some((column) => name === textIndexName(column)),
    )
    .map(({ name }) => name)
    .filter((name) => !kept.has(name));
}
