import { usualPrices } from "../../lib/domain/cost/prices.ts";

/** A price as its owner's page, or one who has copied it, tells it. */
export interface ListPrice {
  of: string;
  dollars: number;
  per: string;
  source: string;
  /** When that page was read, by us or by who copied it; or that it was not, and where it is to be looked up. */
  seen: string;
}

const seen = "2026-11-28";
export const unread = "known of old, not read there";
const lambda = "https://cloudchipr.com/blog/aws-lambda-pricing";
const s3 = "https://aws.amazon.com/s3/pricing/";
const s3Vectors =
  "https://github.com/forattini-dev/s3db.js/blob/5c513c2/docs/attachments/aws-s3-costs-3-vectors.md (a copy of AWS' page)";
const turbopuffer = "https://turbopuffer.com/pricing.md";
const pinecone = "https://usagepricing.com/blueprint/pinecone";
const pineconeUnits = "https://docs.pinecone.io/guides/organizations/manage-cost/understanding-cost";
const openSearch = "https://awsnegotiations.com/opensearch-serverless-cost";

const price = (of: string, dollars: number, per: string, source: string, day = seen): ListPrice => ({
  ...{ of, dollars, per, source, seen: day },
});

/** All that the worked cases are counted by, in us-east-1. What a request is paid by is `usualPrices` itself. */
export const listPrices = {
  gigabyteSecond: price("Lambda, x86", usualPrices.gigabyteSecond, "GB-second", lambda),
  invocation: price("Lambda", usualPrices.invocation, "request", lambda),
  diskGigabyteSecond: price(
    "Lambda, disk beyond 512 MB",
    usualPrices.diskGigabyteSecond,
    "GB-second",
    "https://aws.amazon.com/lambda/pricing/",
    unread,
  ),
  httpApi: price(
    "HTTP API",
    usualPrices.httpApi,
    "request",
    "https://aws.amazon.com/api-gateway/pricing/",
    unread,
  ),
  get: price("S3 Standard, GET", usualPrices.get, "request", s3, unread),
  put: price("S3 Standard, PUT", usualPrices.put, "request", s3, unread),
  list: price("S3 Standard, LIST", usualPrices.list, "request", s3, unread),
  storage: price(
    "S3 Standard, stored",
    0.023,
    "GB-month",
    "https://gist.github.com/EverettBerry/a37438006529a55f42da6fdbc44a505c (a copy of AWS' page)",
  ),
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
  pineconeLeast: price("Pinecone Standard, at the least", 50, "month", pineconeUnits),
  pineconeStorage: price("Pinecone, stored", 0.33, "GB-month", pinecone, "2026-06-09"),
  pineconeRead: price(
    "Pinecone, read unit (1 GB of a namespace, 0.25 at the least)",
    16e-6,
    "unit",
    pinecone,
    "2026-06-09",
  ),
  pineconeWrite: price("Pinecone, write unit (1 KB)", 4e-6, "unit", pinecone, "2026-06-09"),
  openSearchUnit: price("OpenSearch Serverless, OCU", 0.24, "hour", openSearch, "2026-02"),
} satisfies Record<string, ListPrice>;

/** Without trailing zeros, whatever its size. */
const shown = (dollars: number) =>
  `$${Number(dollars.toPrecision(6)).toLocaleString("en-US", { maximumFractionDigits: 12 })}`;

/** The table of them. */
export function priceRows(): string {
  const rows = Object.values<ListPrice>(listPrices).map(
    ({ of, dollars, per, source, seen }) => `| ${of} | ${shown(dollars)} | ${per} | ${source} | ${seen} |`,
  );
  return ["| of | price | a | read at | on |", "| --- | ---: | --- | --- | --- |", ...rows].join("\n");
}
