import { bareSearch, bareTable } from "./bare-search.ts";
import { freshQueries } from "./bench-set.ts";
import { answerParent } from "./child.ts";
import { handledSearch } from "./handled-search.ts";
import { medianOf } from "./percentiles.ts";
import { searchEvents } from "./search-event.ts";
import { inTurn, msOf } from "./turns.ts";

interface Input {
  index: string;
  dimension: number;
  queries: number;
  storageOptions: Record<string, string>;
}

/** One round of the handler and LanceDB alone, in turn. @returns medians, and the ids that LanceDB found */
async function search({ index, dimension, queries, storageOptions }: Input) {
  const vectors = await freshQueries(queries, dimension);
  const { table, published } = await bareTable(index, storageOptions);
  const events = searchEvents(index, vectors);
  const ways = {
    handler: (i: number): Promise<unknown> => handledSearch(events[i]),
    bare: (i: number) => bareSearch(table, vectors[i] as Float32Array, published),
  };
  await inTurn(ways, Math.min(50, queries));
  const times = await inTurn(ways, queries);
  const found = times.bare.map(({ result }) => (result as { doc_id: string }[]).map(({ doc_id }) => doc_id));
  return { handler: medianOf(msOf(times.handler)), bare: medianOf(msOf(times.bare)), found };
}

await answerParent(search);
