/** AWS' list prices in us-east-1, in dollars: Lambda on x86, requests to S3 Standard, an HTTP API. */
const prices = {
  gigabyteSecond: 0.000_016_666_7,
  invocation: 0.000_000_2,
  get: 0.000_000_4,
  list: 0.000_005,
  put: 0.000_005,
  httpApi: 0.000_001,
};
/** What the template gives the functions that search and write documents (`searchMemory`, `writeMemory`). */
export const searchMemoryMb = 2_048;
const million = 1_000_000;

interface Asked {
  ms: number;
  gets: number;
  lists: number;
  puts?: number;
}

/** Of a million such requests, by a Function URL: Lambda bills each begun millisecond. Traces are off, logs are not in it. */
export function dollarsOfAMillion({ ms, gets, lists, puts = 0 }: Asked): number {
  const gigabyteSeconds = (Math.ceil(ms) / 1_000) * (searchMemoryMb / 1_024);
  const of =
    gigabyteSeconds * prices.gigabyteSecond + gets * prices.get + lists * prices.list + puts * prices.put;
  return million * (prices.invocation + of);
}

/** What an HTTP API adds to that. */
export const httpApiOfAMillion = million * prices.httpApi;
