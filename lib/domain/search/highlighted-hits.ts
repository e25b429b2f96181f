import { limits } from "../../config/limits.ts";
import { rowsWithin } from "../answer-size.ts";
import { DomainError, type Issue } from "../errors.ts";
import { listed } from "../listed.ts";
import { textIndexesOf } from "../text/full-text.ts";
import { type Highlighting, type Highlights, highlightingOf } from "../text/highlight.ts";
import { fragmentsOf } from "../text/highlights/fragments.ts";
import { findingLeaves } from "../text/highlights/sought-words.ts";
import { type TextMarker, textMarker } from "../text/highlights/text-marker.ts";
import type { TextLeaf, TextPlan } from "../text/text-plan.ts";
import type { Reader } from "./reader.ts";
import type { SearchTask } from "./search-by-vector.ts";
import type { SearchRequest } from "./search-request.ts";
import type { Document, Hit } from "./search-response.ts";

/** Of the texts of a hit that are in its columns; others are read. */
type Texts = Map<string, Document>;

/** Columns to highlight that the text is not looked for in. */
export function highlightIssues({ highlight }: SearchRequest, plan: TextPlan): Issue[] {
  const searched = columnsIn(findingLeaves(plan));
  return (highlightingOf(highlight)?.columns ?? []).flatMap((name, i) =>
    searched.includes(name)
      ? []
      : [
          {
            path: `highlight.columns[${i}]`,
            message: `is none of the columns that the text is looked for in: ${listed(searched)}`,
          },
        ],
  );
}

const columnsIn = (leaves: TextLeaf[]) => [...new Set(leaves.map(({ column }) => column))];

/**
 * Hits with fragments of the texts that they were found by, where that is asked for; none of those that the vector leg
 * alone found. Texts that are not among the selected columns are read for it.
 * @throws AnswerTooLarge, DeadlineExceeded, StoreUnavailable, and what the signal was aborted for
 */
export async function highlightedHits(
  hits: Hit[],
  request: SearchRequest,
  plan: TextPlan,
  task: SearchTask,
): Promise<Hit[]> {
  const asked = highlightingOf(request.highlight);
  if (!asked) return hits;
  const found = hits.filter(({ legs }) => !legs || legs.text);
  const markers = await markersOf(asked, plan, task);
  const texts = await textsOf(found, [...markers.keys()], task);
  const shown = await highlightsOf(found, markers, texts, asked, task);
  const made = (i: number): Hit => {
    const hit = hits[i] as Hit;
    return { ...hit, highlights: shown.get(hit) ?? [] };
  };
  return rowsWithin(hits.length, made, (fit) => tooLarge(hits.length, fit));
}

async function markersOf(
  { columns }: Highlighting,
  plan: TextPlan,
  { lease }: SearchTask,
): Promise<Map<string, TextMarker>> {
  const leaves = findingLeaves(plan);
  const indexes = textIndexesOf(lease.published);
  const markers = new Map<string, TextMarker>();
  for (const column of columns ?? columnsIn(leaves)) {
    const index = indexes.find((one) => one.column === column);
    const own = leaves.filter((leaf) => leaf.column === column);
    if (index) markers.set(column, await textMarker(own, await lease.reader.textCutter(index)));
  }
  return markers;
}

/** Those that the hits have not with them, by the documents' ids. */
async function textsOf(hits: Hit[], columns: string[], task: SearchTask): Promise<Texts> {
  const missing = columns.filter((column) => !task.columns.includes(column));
  if (missing.length === 0 || hits.length === 0) return new Map();
  const ids = [...new Set(hits.map(({ doc_id }) => doc_id))];
  return readTexts(task.lease.reader, ids, missing, task);
}

/** In halves where one answer has no room for all; a text that none has room for is left out. */
async function readTexts(
  reader: Reader,
  ids: string[],
  columns: string[],
  { left, signal }: Pick<SearchTask, "left" | "signal">,
): Promise<Texts> {
  try {
    return await reader.fetch(ids, columns, left(), signal);
  } catch (error) {
    if (!(error instanceof DomainError) || error.kind !== "AnswerTooLarge") throw error;
    if (ids.length === 1) return new Map();
    const middle = Math.ceil(ids.length / 2);
    const parts = [ids.slice(0, middle), ids.slice(middle)];
    const read = await Promise.all(parts.map((some) => readTexts(reader, some, columns, { left, signal })));
    return new Map(read.flatMap((some) => [...some]));
  }
}

/** Text by text, best hits first; other requests go on in between. */
async function highlightsOf(
  hits: Hit[],
  markers: Map<string, TextMarker>,
  texts: Texts,
  asked: Highlighting,
  { left, signal }: SearchTask,
): Promise<Map<Hit, Highlights>> {
  const shown = new Map<Hit, Highlights>();
  let room = limits.highlightedTexts;
  for (const hit of hits) {
    const own: Highlights = [];
    for (const [column, marker] of markers) {
      const text = hit[column] ?? texts.get(hit.doc_id)?.[column];
      if (typeof text !== "string" || text === "") continue;
      const looked = cutAt(text, Math.min(limits.highlightedText, room));
      room -= looked.length;
      const isWhole = looked.length === text.length;
      const fragments = fragmentsOf(looked, await marker.marks(looked, isWhole), asked);
      if (fragments.length > 0 || !isWhole)
        own.push({ column, fragments, ...(isWhole ? {} : { truncated: true as const }) });
      await new Promise((goOn) => setImmediate(goOn));
      signal?.throwIfAborted();
      if (left() <= 0) throw new DomainError("DeadlineExceeded", "no time was left to highlight all hits");
    }
    shown.set(hit, own);
  }
  return shown;
}

/** Not within a word, where there are spaces. */
function cutAt(text: string, length: number): string {
  if (text.length <= length) return text;
  const cut = text.slice(0, length);
  const space = cut.search(/\s\S{0,100}$/u);
  return space > 0 ? cut.slice(0, space) : /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
}

const tooLarge = (k: number, fit: number) =>
  new DomainError(
    "AnswerTooLarge",
    `of ${k} hits ${fit} fit with their highlights into an answer of ${limits.maxAnswerBytes} bytes; ask for a smaller k, for fewer or shorter fragments, or for fewer columns with select`,
  );
