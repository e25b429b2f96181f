import { z } from "zod";
import { limits } from "../../config/limits.ts";

/** Dollars of one, as AWS lists them for us-east-1; sources and the days they were seen: bench/cost/list-prices.ts. */
const price = (usual: number) => z.number().min(0).max(limits.maxPrice).default(usual);

/** What a request is paid by. Another region, a discount or another store: `PRICES` says what differs. */
export const prices = z.strictObject({
  /** Memory of a function on x86, while it runs. */
  gigabyteSecond: price(0.000_016_666_7),
  /** Its disk beyond 512 MB. */
  diskGigabyteSecond: price(0.000_000_030_9),
  invocation: price(0.000_000_2),
  /** A request through an HTTP API. */
  httpApi: price(0.000_001),
  /** GET and HEAD of S3 Standard. */
  get: price(0.000_000_4),
  /** PUT, COPY and POST. */
  put: price(0.000_005),
  list: price(0.000_005),
});
export type Prices = z.output<typeof prices>;

export const usualPrices: Prices = prices.parse({});
