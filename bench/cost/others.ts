import { listPrices } from "./list-prices.ts";

/** What others are paid for a month of the same work. */
export interface Workload {
  /** Indexes, namespaces. */
  indexes: number;
  vectorsOfEach: number;
  /** Of a vector with its id. */
  vectorBytes: number;
  searches: number;
  /** Of one search. */
  answerBytes: number;
  /** How often all is loaded anew. */
  loads: number;
}

const priceOf = (name: keyof typeof listPrices) => listPrices[name].dollars;
const hoursOfMonth = 730;
const gibi = 2 ** 30;
const tebi = 2 ** 40;
const giga = 1e9;
const peta = 1e15;
const s3VectorsFirst = 100_000;
const turbopufferLeastBytes = 1.28e9;
const pineconeLeastUnits = 0.25;

const bytesOf = ({ indexes, vectorsOfEach, vectorBytes }: Workload) => indexes * vectorsOfEach * vectorBytes;

/** By binary units, as AWS counts in its own example (test/unit/bench/others.test.ts). */
export function s3Vectors(work: Workload): number {
  const { vectorsOfEach, vectorBytes, searches, loads } = work;
  const first = Math.min(vectorsOfEach, s3VectorsFirst);
  const processed = first * priceOf("s3VectorsFirst") + (vectorsOfEach - first) * priceOf("s3VectorsMore");
  const query = priceOf("s3VectorsQuery") + (processed * vectorBytes) / tebi;
  const stored = bytesOf(work) / gibi;
  return stored * (priceOf("s3VectorsStorage") + loads * priceOf("s3VectorsPut")) + searches * query;
}

/** @returns what is used, which is less than what is paid where that is below the plan's least */
export function turbopuffer(work: Workload): number {
  const { vectorsOfEach, vectorBytes, searches, answerBytes, loads } = work;
  const queried = Math.max(turbopufferLeastBytes, vectorsOfEach * vectorBytes);
  const search =
    (queried * priceOf("turbopufferQueried")) / peta + (answerBytes * priceOf("turbopufferReturned")) / giga;
  const stored = bytesOf(work) / giga;
  return stored * (priceOf("turbopufferStorage") + loads * priceOf("turbopufferWrite")) + searches * search;
}

/** Likewise. */
export function pinecone(work: Workload): number {
  const { indexes, vectorsOfEach, vectorBytes, searches, loads } = work;
  const units = Math.max(pineconeLeastUnits, (vectorsOfEach * vectorBytes) / giga);
  const written = indexes * vectorsOfEach * Math.ceil(vectorBytes / 1_024) * priceOf("pineconeWrite");
  const stored = (bytesOf(work) / giga) * priceOf("pineconeStorage");
  return stored + searches * units * priceOf("pineconeRead") + loads * written;
}

/** What two units cost that run all month, the least of a Classic collection that is redundant; more vectors need more. */
export const openSearchClassic = (): number => 2 * hoursOfMonth * priceOf("openSearchUnit");

/** With what a plan takes at the least. */
export const paid = {
  turbopuffer: (work: Workload) => Math.max(priceOf("turbopufferLeast"), turbopuffer(work)),
  pinecone: (work: Workload) => Math.max(priceOf("pineconeLeast"), pinecone(work)),
};
