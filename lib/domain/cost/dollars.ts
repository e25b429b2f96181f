import type { Prices } from "./prices.ts";
import type { StoreCounts } from "./store-counts.ts";

/** The disk that comes with a function. */
const freeDiskMb = 512;

export interface Invocation {
  /** Each begun millisecond is billed. */
  ms: number;
  memoryMb: number;
  diskMb?: number | undefined;
  store: Pick<StoreCounts, "get" | "list" | "put"> & Partial<Pick<StoreCounts, "head">>;
  /** Whether it came through an HTTP API. */
  throughApi?: boolean;
}

/** What an invocation costs: the function, what it asked of stores, and the API before it. Deletions cost nothing. */
export function dollarsOf(
  prices: Prices,
  { ms, memoryMb, diskMb = 0, store, throughApi }: Invocation,
): number {
  const disk = Math.max(0, diskMb - freeDiskMb) * prices.diskGigabyteSecond;
  const second = (memoryMb * prices.gigabyteSecond + disk) / 1_024;
  const asked =
    (store.get + (store.head ?? 0)) * prices.get + store.list * prices.list + store.put * prices.put;
  return prices.invocation + (Math.ceil(ms) / 1_000) * second + asked + (throughApi ? prices.httpApi : 0);
}
