import { freshQueries, sourceName } from "./bench-set.ts";
import { answerParent } from "./child.ts";
import { meanRecall, readExact } from "./exact-file.ts";
import { handledSearch, idsIn } from "./handled-search.ts";
import { timesOf } from "./percentiles.ts";
import type { Filtered } from "./results.ts";
import { searchBody, searchEvent, searchEvents } from "./search-event.ts";
import { inTurn, msOf } from "./turns.ts";

interface Input {
  index: string;
  dimension: number;
  exactFile: string;
  /** Queries that share a source, as when the exact neighbours were found. */
  batch: number;
}

/** The same searches with a filter that leaves 1 % of the rows and without it, in turn, through the handler. */
async function filtered({ index, dimension, exactFile, batch }: Input): Promise<Filtered> {
  const exact = await readExact(exactFile);
  const vectors = await freshQueries(exact.length, dimension);
  const unfiltered = searchEvents(index, vectors);
  const filters = vectors.map((vector, i) => {
    const value = sourceName(Math.floor(i / batch));
    return searchEvent(index, searchBody(vector, { filter: { op: "eq", column: "source", value } }));
  });
  const ways = {
    filtered: (i: number) => handledSearch(filters[i]),
    unfiltered: (i: number) => handledSearch(unfiltered[i]),
  };
  await inTurn(ways, Math.min(30, vectors.length));
  const times = await inTurn(ways, vectors.length);
  const found = times.filtered.map(({ result }) => idsIn(result));
  return {
    filtered: timesOf(msOf(times.filtered)),
    unfiltered: timesOf(msOf(times.unfiltered)),
    recall: meanRecall(exact, found),
    queries: exact.length,
  };
}

await answerParent(filtered);
