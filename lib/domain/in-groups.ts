/**
 * Some work on each of many, so many at a time: the next are begun when these have ended.
 * @returns what came of each, in order @throws what the first of them throws; no more are begun then
 */
export async function inGroups<T, R>(
  items: readonly T[],
  most: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let i = 0; i < items.length; i += most)
    results.push(...(await Promise.all(items.slice(i, i + most).map(work))));
  return results;
}
