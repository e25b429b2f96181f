import { dollarsOf } from "../lib/domain/cost/dollars.ts";
import { usualPrices } from "../lib/domain/cost/prices.ts";

/** What the template gives the functions that search and write documents (`searchMemory`, `writeMemory`). */
export const searchMemoryMb = 2_048;
const million = 1_000_000;

export interface Asked {
  ms: number;
  gets: number;
  lists: number;
  puts?: number;
}

/** Of a million such requests, by a Function URL. Traces are off, logs and disk are not in it. */
export function dollarsOfAMillion({ ms, gets: get, lists: list, puts: put = 0 }: Asked): number {
  return million * dollarsOf(usualPrices, { ms, memoryMb: searchMemoryMb, store: { get, list, put } });
}

/** What an HTTP API adds to that. */
export const httpApiOfAMillion = million * usualPrices.httpApi;
