import { usualPrices } from "../../lib/domain/cost/prices.ts";

/** Where a price was read: on its owner's page, in a copy of that, or told by others; or not, but known of old. */
type How = "its owner" | "a copy of its owner's" | "others" | "not read";

/** A price, with where and when it was read. */
export interface ListPrice {
  of: string;
  dollars: number;
  per: string;
  /** Of what was not read, where it is to be looked up. */
  source: string;
  how: How;
  /** When that page was read, by us or by who copied it; undefined where it was not. */
  day: string | undefined;
}

interface Source {
  source: string;
  how: How;
  day?: string;
}

const day = "2026-11-28";
const page = (source: string, how: How, on = day): Source => ({ source, how, day: on });
const lambda = page("https://cloudchipr.com/blog/aws-lambda-pricing", "others");
const lambdaDisk: Source = { source: "https://aws.amazon.com/lambda/pricing/", how: "not read" };
const apiGateway = page("https://www.apigatewaycost.com/aws", "others");
const s3Requests = page("https://c3x.dev/blog/s3-request-fees-explained", "others");
const s3Storage = page(
  "https://gist.github.com/EverettBerry/a37438006529a55f42da6fdbc44a505c",
  "a copy of its owner's",
);
const s3Vectors = page(
  "https://github.com/forattini-dev/s3db.js/blob/5c513c2/docs/attachments/aws-s3-costs-3-vectors.md",
  "a copy of its owner's",
);
const turbopuffer = page("https://turbopuffer.com/pricing.md", "its owner");
const pinecone = page("https://usagepricing.com/blueprint/pinecone", "others", "2026-06-09");
const pineconeLeast = page(
  "https://docs.pinecone.io/guides/organizations/manage-cost/understanding-cost",
  "its owner",
);
const openSearch = page("https://awsnegotiations.com/opensearch-serverless-cost", "others", "2026-02");

const price = (of: string, dollars: number, per: string, { source, how, day }: Source): ListPrice => ({
  ...{ of, dollars, per, source, how, day },
});

/** All that the worked cases are counted by, in us-east-1. What a request is paid by is `usualPrices` itself. */
export const listPrices = {
  gigabyteSecond: price("Lambda, x86", usualPrices.gigabyteSecond, "GB-second", lambda),
  invocation: price("Lambda", usualPrices.invocation, "request", lambda),
  diskGigabyteSecond: price(
    "Lambda, disk beyond 512 MB",
    usualPrices.diskGigabyteSecond,
    "GB-second",
    lambdaDisk,
  ),
  httpApi: price("HTTP API", usualPrices.httpApi, "request", apiGateway),
  get: price("S3 Standard, GET", usualPrices.get, "request", s3Requests),
  put: price("S3 Standard, PUT", usualPrices.put, "request", s3Requests),
  list: price("S3 Standard, LIST", usualPrices.list, "request", s3Requests),
  storage: price("S3 Standard, stored", 0.023, "GB-month", s3Storage),
  s3VectorsStorage: price("S3 Vectors, stored", 0.06, "GB-month", s3Vectors),
  s3VectorsPut: price("S3 Vectors, PUT", 0.2, "GB", s3Vectors),
  s3VectorsQuery: price("S3 Vectors, query", 2.5e-6, "request", s3Vectors),
  s3VectorsFirst: price("S3 Vectors, first 100,000 vectors of a query", 0.004, "TB", s3Vectors),
  s3VectorsMore: price("S3 Vectors, further vectors of a query", 0.002, "TB", s3Vectors),
  turbopufferLeast: price("turbopuffer Launch, at the least", 16, "month", turbopuffer),
  turbopufferStorage: price("turbopuffer, stored and indexed", 0.33, "GB-month", turbopuffer),
  turbopufferWrite: price("turbopuffer, writes in the largest batches", 1, "GB", turbopuffer),
  turbopufferQueried: price("turbopuffer, queried, 1.28 GB a query at the least", 1, "PB", turbopuffer),
  turbopufferReturned: price("turbopuffer, returned", 0.05, "GB", turbopuffer),
  pineconeLeast: price("Pinecone Standard, at the least", 50, "month", pineconeLeast),
  pineconeStorage: price("Pinecone, stored", 0.33, "GB-month", pinecone),
  pineconeRead: price(
    "Pinecone, read unit (1 GB of a namespace, 0.25 at the least)",
    16e-6,
    "unit",
    pinecone,
  ),
  pineconeWrite: price("Pinecone, write unit (1 KB)", 4e-6, "unit", pinecone),
  openSearchUnit: price("OpenSearch Serverless, OCU", 0.24, "hour", openSearch),
} satisfies Record<string, ListPrice>;

/** Without trailing zeros, whatever its size. */
const shown = (dollars: number) =>
  `$${Number(dollars.toPrecision(6)).toLocaleString("en-US", { maximumFractionDigits: 12 })}`;

/** The table of them. */
export function priceRows(): string {
  const rows = Object.values<ListPrice>(listPrices).map(
    ({ of, dollars, per, source, how, day = "" }) =>
      `| ${of} | ${shown(dollars)} | ${per} | ${how} | ${source} | ${day} |`,
  );
  const header = "| of | price | a | told by | where | read on |";
  return [header, "| --- | ---: | --- | --- | --- | --- |", ...rows].join("\n");
}
