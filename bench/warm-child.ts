import { freshQueries } from "./bench-set.ts";
import { answerParent } from "./child.ts";
import { meanRecall, readExact } from "./exact-file.ts";
import { measureOverhead } from "./overhead.ts";
import type { Warm } from "./results.ts";
import { timeFetches, timeSearches } from "./warm-searches.ts";

interface Input {
  index: string;
  rows: number;
  dimension: number;
  exactFile: string;
}

async function warm({ index, rows, dimension, exactFile }: Input): Promise<Warm> {
  const exact = await readExact(exactFile);
  const queries = await freshQueries(exact.length, dimension);
  const { times, found } = await timeSearches(index, queries);
  return {
    search: times,
    recall: meanRecall(exact, found),
    fetch: await timeFetches(index, rows),
    overhead: await measureOverhead(index, queries.slice(0, 300)),
  };
}

await answerParent(warm);
