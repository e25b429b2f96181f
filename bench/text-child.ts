import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { container } from "../lib/container.ts";
import { parseSearchRequest } from "../lib/domain/search/parse-search.ts";
import { searchIndex } from "../lib/domain/search/search-index.ts";
import { answerParent } from "./child.ts";
import { timed } from "./percentiles.ts";

export interface TextQueries {
  index: string;
  /** A JSON file that has by the name of a way its requests. */
  file: string;
  /** The way of the first search, which opens the index; without others. */
  first?: string;
}

export interface TextTimes {
  /** Milliseconds. */
  first: number;
  warm: Record<string, number[]>;
}

const timeoutMs = 60_000;
const settleMs = 8_000; // for the copy on the disk

/** The first search of a container, or all ways in turn once its copy is there. */
async function search({ index, file, first }: TextQueries): Promise<TextTimes> {
  const ways = JSON.parse(readFileSync(file, "utf8")) as Record<string, object[]>;
  const { indexes } = container();
  const ask = (body: object | undefined) =>
    timed(() => searchIndex(indexes, index, parseSearchRequest(body), timeoutMs));
  const opening = await ask(ways[first ?? "vector"]?.[0]);
  if (first !== undefined) return { first: opening.ms, warm: {} };
  for (const bodies of Object.values(ways)) for (const body of bodies.slice(0, 20)) await ask(body);
  await sleep(settleMs);
  const warm: Record<string, number[]> = Object.fromEntries(Object.keys(ways).map((way) => [way, []]));
  const count = Math.max(...Object.values(ways).map(({ length }) => length));
  for (let i = 0; i < count; i++)
    for (const [way, bodies] of Object.entries(ways)) warm[way]?.push((await ask(bodies[i])).ms);
  return { first: opening.ms, warm };
}

await answerParent(search);
