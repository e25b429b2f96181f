import { readFile } from "node:fs/promises";
import { recallOf } from "../lib/domain/recall/choose-search-defaults.ts";

/** The ids of the exact neighbours, a list a query. */
export async function readExact(path: string): Promise<string[][]> {
  return JSON.parse(await readFile(path, "utf8"));
}

/** Over all queries, of which the first have an answer in `found`. */
export function meanRecall(exact: string[][], found: string[][]): number {
  const recalls = found.map((ids, i) => recallOf(exact[i] ?? [], ids));
  return recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length;
}
