import { limits } from "../../config/limits.ts";
import { inGroups } from "../in-groups.ts";
import type { AlikeQueries, Query, Reader } from "./reader.ts";
import type { Hit } from "./search-response.ts";

interface Waiting {
  query: Query;
  resolve(hits: Hit[]): void;
  reject(error: unknown): void;
}

/**
 * The same reader, which asks together for what is asked of it in one turn of the event loop and differs in nothing but
 * its vectors.
 */
export function gatheringReader(reader: Reader, vectorColumn: string): Reader {
  if (!reader.searchAlike) return reader;
  const turns = new Map<string, Waiting[]>();
  const search = (query: Query): Promise<Hit[]> => {
    if (query.range || query.columns.includes(vectorColumn)) return reader.search(query);
    const key = likenessOf(query);
    return new Promise((resolve, reject) => {
      const turn = turns.get(key);
      turn?.push({ query, resolve, reject });
      if (turn) return;
      const mine = [{ query, resolve, reject }];
      turns.set(key, mine);
      setImmediate(() => {
        turns.delete(key);
        void searchTogether(reader, mine);
      });
    });
  };
  return new Proxy({} as Reader, {
    get(_, name) {
      const value: unknown = name === "search" ? search : Reflect.get(reader, name, reader);
      return typeof value === "function" ? value.bind(reader) : value;
    },
  });
}

const likenessOf = ({ k, columns, filter, settings, isExact, isInner, leg }: Query) =>
  JSON.stringify({ k, columns, filter, settings, isExact, isInner, leg });

async function searchTogether(reader: Reader, waiting: Waiting[]): Promise<void> {
  const [first, ...more] = waiting.map(({ query }) => query);
  try {
    const together = first && more.length > 0 && (await reader.searchAlike?.(inTime([first, ...more])));
    if (together) for (const [i, { resolve }] of waiting.entries()) resolve(together[i] ?? []);
    else
      await inGroups(waiting, limits.queriesAtATime, ({ query, resolve }) =>
        reader.search(query).then(resolve),
      );
  } catch (error) {
    for (const { reject } of waiting) reject(error); // those that are answered stay so
  }
}

/** All within the time of the one that has the least. */
const inTime = ([first, ...more]: AlikeQueries): AlikeQueries => [
  { ...first, timeoutMs: Math.min(first.timeoutMs, ...more.map(({ timeoutMs }) => timeoutMs)) },
  ...more,
];
