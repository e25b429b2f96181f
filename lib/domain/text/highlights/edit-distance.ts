/**
 * Whether a word becomes another by so many letters that are put in, left out or changed, at most; two that change places
 * are two. As LanceDB's automaton counts: Levenshtein, of code points.
 * @param most 0 to 2
 */
export function isWithinEdits(word: string, other: string, most: number): boolean {
  if (word === other) return true;
  const [one, two] = [[...word], [...other]];
  if (Math.abs(one.length - two.length) > most) return false;
  let row = two.map((_, j) => j + 1);
  for (const [i, letter] of one.entries()) {
    let [diagonal, left] = [i, i + 1];
    row = row.map((above, j) => {
      const changed = diagonal + (two[j] === letter ? 0 : 1);
      diagonal = above;
      left = Math.min(changed, above + 1, left + 1);
      return left;
    });
    if (Math.min(i + 1, ...row) > most) return false;
  }
  return (row.at(-1) ?? one.length) <= most;
}

/** Whether two words begin with the same so many letters, or with all that the first has. */
export function haveSameStart(word: string, other: string, letters: number): boolean {
  return letters === 0 || other.startsWith([...word].slice(0, letters).join(""));
}
