/** Numbers of fragments that follow each other, from the first to the one after the last. */
export type FragmentRange = [from: number, to: number];

export function fragmentRanges(fragments: number[]): FragmentRange[] {
  const ranges: FragmentRange[] = [];
  for (const id of fragments.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last && last[1] === id) last[1] = id + 1;
    else ranges.push([id, id + 1]);
  }
  return ranges;
}

/** A condition on the addresses of rows: a fragment's number is in their upper 32 bits. */
export function rowsIn(ranges: FragmentRange[]): string {
  const first = (id: number) => String(BigInt(id) << 32n);
  return ranges.map(([from, to]) => `(_rowid >= ${first(from)} AND _rowid < ${first(to)})`).join(" OR ");
}
