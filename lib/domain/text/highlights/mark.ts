/** A place in a text where something was found, in UTF-16 code units. */
export interface Mark {
  start: number;
  end: number;
  /** Which of the words that are looked for. */
  word: number;
}

/** In the order of the text, none within or over another: of those that overlap the first, and of these the longest. */
export function apart(marks: Mark[], most: number): Mark[] {
  const ordered = marks.toSorted((a, b) => a.start - b.start || b.end - a.end);
  const kept: Mark[] = [];
  for (const mark of ordered) {
    if (kept.length >= most) break;
    if (mark.start >= (kept.at(-1)?.end ?? 0)) kept.push(mark);
  }
  return kept;
}
