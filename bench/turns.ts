import { timed } from "./percentiles.ts";

/**
 * Times several ways to do the same for each of `count` items, in turn: each way is first as often as the others, so
 * that what the first leaves warm, or a slow moment of the machine, favours none.
 * @returns milliseconds and results of each way, in the order of the items
 */
export async function inTurn<W extends string, T>(
  ways: Record<W, (item: number) => Promise<T>>,
  count: number,
): Promise<Record<W, { ms: number; result: T }[]>> {
  const names = Object.keys(ways) as W[];
  const times = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    W,
    { ms: number; result: T }[]
  >;
  for (let item = 0; item < count; item++)
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(item + turn) % names.length] as W;
      times[name].push(await timed(() => ways[name](item)));
    }
  return times;
}

/** Milliseconds alone. */
export const msOf = (timings: { ms: number }[]) => timings.map(({ ms }) => ms);
