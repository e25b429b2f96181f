import { freshQueries } from "./bench-set.ts";
import { answerParent } from "./child.ts";
import { timeFetches, timeSearches } from "./warm-searches.ts";

interface Input {
  index: string;
  rows: number;
  dimension: number;
  queries: number;
}

/** Searches and fetches of one size of table. */
async function grown({ index, rows, dimension, queries }: Input) {
  const { times } = await timeSearches(index, await freshQueries(queries, dimension));
  return { search: times, fetch: await timeFetches(index, rows) };
}

await answerParent(grown);
