/** What object stores were asked, by kind, and the bytes of bodies that came and went. */
export interface StoreCounts {
  get: number;
  head: number;
  /** Copies and the parts of an upload, too. */
  put: number;
  list: number;
  delete: number;
  bytesRead: number;
  bytesWritten: number;
}

export const noCounts = (): StoreCounts => ({
  get: 0,
  head: 0,
  put: 0,
  list: 0,
  delete: 0,
  bytesRead: 0,
  bytesWritten: 0,
});

/** One and, `times`, the other. */
export function plus(counts: StoreCounts, others: StoreCounts, times = 1): StoreCounts {
  const sum = { ...counts };
  for (const kind of Object.keys(sum) as (keyof StoreCounts)[]) sum[kind] += times * others[kind];
  return sum;
}
