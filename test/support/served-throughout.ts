import { setTimeout as sleep } from "node:timers/promises";
import type { Container } from "../../lib/container.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import type { SearchResponse } from "../../lib/domain/search/search-response.ts";

/** What a reader saw that searched again and again. */
export interface Seen {
  searches: number;
  /** Generation and number of hits of each answer, once each, in the order they first came. */
  answers: string[];
  errors: unknown[];
}

/** Searches an index with all its rows as hits until it is told to stop. @param rows at most 1,000 */
export function searchThroughout(container: Container, index: string, vector: number[], rows = 1_000) {
  const seen: Seen = { searches: 0, answers: [], errors: [] };
  const request = parseSearchRequest({ vector, k: rows, select: [] });
  let stopped = false;
  const searching = (async () => {
    while (!stopped) {
      const answer = await searchIndex(container.indexes, index, request, 20_000).catch((error) => {
        seen.errors.push(error);
      });
      seen.searches++;
      if (answer) note(seen, answer);
      await sleep(200);
    }
  })();
  return async (): Promise<Seen> => {
    stopped = true;
    await searching;
    return seen;
  };
}

function note(seen: Seen, { hits, performance }: SearchResponse): void {
  const answer = `${performance.generation}: ${hits.length} rows`;
  if (!seen.answers.includes(answer)) seen.answers.push(answer);
}
