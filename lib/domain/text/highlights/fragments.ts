import { limits } from "../../../config/limits.ts";
import type { Fragment, Highlighting } from "../highlight.ts";
import type { Mark } from "./mark.ts";

/** Marks that one fragment has room for, from the first to the last of them. */
interface Window {
  marks: Mark[];
  /** More for every other word that is marked, then for every mark. */
  worth: number;
}

/**
 * The parts of a text with most of what was found, in the text's order, none over another.
 * @param marks apart from each other, in order
 */
export function fragmentsOf(
  text: string,
  marks: Mark[],
  { fragments, fragmentLength }: Omit<Highlighting, "columns">,
): Fragment[] {
  const chosen: Fragment[] = [];
  for (let left = marks; left.length > 0 && chosen.length < fragments; ) {
    const [first, last] = spanOf(text, best(left, fragmentLength, chosen).marks, fragmentLength);
    const made = fragmentAround(text, first, last, fragmentLength, chosen);
    const [from, to] = [made.start, endOf(made)];
    const within = left.filter(({ start, end }) => start >= from && (end <= to || start === first));
    chosen.push({ ...made, matches: matchesIn(within, from, to) });
    left = left.filter(({ start, end }) => end <= from || start >= to);
  }
  return chosen.sort((a, b) => a.start - b.start);
}

/** A mark that is longer than a fragment ends with it. */
function spanOf(text: string, marks: Mark[], length: number): [first: number, last: number] {
  const [start, end] = [marks[0]?.start ?? 0, marks.at(-1)?.end ?? 0];
  const cut = start + length;
  return [start, end <= cut ? end : isLowSurrogate(text, cut) ? cut - 1 : cut];
}

/** The first of those that are worth most, between those that are chosen. */
function best(marks: Mark[], length: number, chosen: Fragment[]): Window {
  const isParted = (one: Mark, other: Mark) =>
    chosen.some(({ start }) => start >= one.end && start < other.start);
  let most: Window = { marks: marks.slice(0, 1), worth: 0 };
  const counts = new Map<number, number>();
  let from = 0;
  for (const [to, mark] of marks.entries()) {
    counts.set(mark.word, (counts.get(mark.word) ?? 0) + 1);
    for (let first = marks[from] ?? mark; from < to; first = marks[from] ?? mark) {
      if (mark.end - first.start <= length && !isParted(first, mark)) break;
      leaveOut(counts, first);
      from++;
    }
    const worth = counts.size * limits.maxHighlightMarks + (to - from + 1);
    if (worth > most.worth) most = { marks: marks.slice(from, to + 1), worth };
  }
  return most;
}

function leaveOut(counts: Map<number, number>, { word }: Mark): void {
  const left = (counts.get(word) ?? 0) - 1;
  if (left > 0) counts.set(word, left);
  else counts.delete(word);
}

/** What stands around the marks, as much on both sides, up to those that are there; whole words where there are spaces. */
function fragmentAround(
  text: string,
  first: number,
  last: number,
  length: number,
  others: Fragment[],
): Pick<Fragment, "text" | "start"> {
  const low = Math.max(0, ...others.filter(({ start }) => start <= first).map(endOf));
  const high = Math.min(text.length, ...others.map(({ start }) => start).filter((start) => start >= last));
  const room = length - (last - first);
  let start = Math.max(low, first - Math.floor(room / 2));
  const end = Math.min(high, start + length);
  start = Math.max(low, Math.min(start, end - length)); // what is not taken behind is taken before
  const from = start > 0 ? behindSpace(text, start, first) : start;
  const to = end < text.length ? beforeSpace(text, last, end) : end;
  return { text: text.slice(from, to), start: from };
}

const endOf = ({ start, text }: Pick<Fragment, "start" | "text">) => start + text.length;

/** The first place of a word, or of a character. */
function behindSpace(text: string, start: number, first: number): number {
  const space = text.slice(start - 1, first).search(/\s\S/u);
  if (space >= 0) return start + space;
  return isLowSurrogate(text, start) && start < first ? start + 1 : start;
}

function beforeSpace(text: string, last: number, end: number): number {
  const behind = text.slice(last, end + 1);
  const space = behind.search(/\s\S*$/u);
  if (space >= 0) return last + space;
  return isLowSurrogate(text, end) && end > last ? end - 1 : end;
}

const isLowSurrogate = (text: string, at: number) => /[\udc00-\udfff]/.test(text.charAt(at));

const matchesIn = (marks: Mark[], from: number, to: number): Fragment["matches"] =>
  marks
    .slice(0, limits.maxFragmentMatches)
    .map(({ start, end }) => ({ start: start - from, end: Math.min(end, to) - from }));
