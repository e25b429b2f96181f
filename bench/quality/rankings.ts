import { type BaseTokenizer, tokenize } from "@lancedb/lancedb";
import type { Container } from "../../lib/container.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import { publishedOf } from "../../lib/domain/index/published.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { runJob } from "../../test/support/lakehouse.ts";
import type { JudgedQuery, JudgedSet } from "./judged-set.ts";
import { depth } from "./measures.ts";
import { type QualityPython, referenceDepth } from "./quality-python.ts";

/** Of each way of searching the ids that each query finds, best first. */
export type Rankings = Record<string, string[][]>;

interface Vectors {
  documents: number[][];
  queries: number[][];
}

const timeoutMs = 60_000;
const batch = 1_000;
/** The constant that reciprocal ranks were proposed with (Cormack, Clarke and Büttcher, 2009). */
const plainK = 60;
const asIndexed = {
  ...{ language: "English", stem: true, removeStopWords: true },
  ...{ asciiFolding: true, lowercase: true },
};

/** How the ways of this project are asked for; each takes what it needs of a query. */
export const ways: Record<string, { legs?: string[]; hybrid?: object }> = {
  vector: { legs: ["vector"] },
  text: { legs: ["text"] },
  "hybrid, rrf": {},
  "hybrid, weighted": { hybrid: { fusion: "weighted" } },
  "hybrid, weighted 0.7 to 0.3": { hybrid: { fusion: "weighted", weights: { vector: 0.7, text: 0.3 } } },
};

/** Documents written as a client would, then optimized. */
export async function indexed(container: Container, set: JudgedSet, vectors: Vectors): Promise<void> {
  const dimension = vectors.queries[0]?.length;
  const fullText = [{ column: "text", language: "en" }];
  const columns = [{ name: "text", type: "Utf8" }];
  const request = { name: set.name, dimension, columns, fullText };
  await createIndex(container, createRequest.parse(request), undefined);
  for (let i = 0; i < set.documents.length; i += batch) {
    const documents = set.documents
      .slice(i, i + batch)
      .map(({ id, text }, at) => ({ doc_id: id, vector: vectors.documents[i + at], text }));
    await writeDocuments(
      container,
      { index: set.name, mode: "upsert", documents, keyed: undefined },
      timeoutMs,
    );
  }
  const { error } = await runJob(container, { type: "optimize", index: set.name }, timeoutMs);
  if (error) throw new Error(error.message);
}

/** What this project finds, by the use case that its HTTP layer calls. */
export async function ourRankings(container: Container, set: JudgedSet, vectors: Vectors): Promise<Rankings> {
  const rankings: Rankings = {};
  for (const [name, way] of Object.entries(ways)) {
    rankings[name] = [];
    for (const [i, query] of set.queries.entries()) {
      const body = { vector: vectors.queries[i], text: query.text, k: depth + 1, select: [], ...way };
      const request = parseSearchRequest(asksOnly(body, way));
      const { hits } = await searchIndex(container.indexes, set.name, request, timeoutMs);
      rankings[name].push(
        answersTo(
          query,
          hits.map(({ doc_id }) => doc_id),
        ),
      );
    }
  }
  return rankings;
}

/** A request without the leg that it does not search by. */
function asksOnly(body: Record<string, unknown>, { legs }: { legs?: string[] }): object {
  const asked = Object.entries(body).filter(
    ([field]) => !(legs && ["vector", "text"].includes(field) && !legs.includes(field)),
  );
  return Object.fromEntries(asked.filter(([field]) => field !== "legs"));
}

/** BM25 of another library on the same tokens, and plain reciprocal ranks of it and exact neighbours. */
export async function referenceRankings(
  python: QualityPython,
  container: Container,
  set: JudgedSet,
  vectors: Vectors,
): Promise<Rankings> {
  const { fullText } = publishedOf((await container.registry.get(set.name)).value);
  const tokenizer = fullText?.[0]?.tokenizer as BaseTokenizer;
  const tokens = {
    documents: await tokensOf(tokenizer, set.documents),
    queries: await tokensOf(tokenizer, set.queries),
  };
  const worded = (await python.bm25(set, tokens)).map((best) => best.map(({ id }) => id));
  const nearest = vectors.queries.map((query) => nearestTo(query, set, vectors.documents));
  const of = (rank: (i: number) => string[]) => set.queries.map((query, i) => answersTo(query, rank(i)));
  return {
    "reference BM25": of((i) => worded[i] ?? []),
    "exact neighbours": of((i) => nearest[i] ?? []),
    "reference RRF": of((i) => fused([worded[i] ?? [], nearest[i] ?? []])),
  };
}

const answersTo = ({ except }: JudgedQuery, ids: string[]) =>
  ids.filter((id) => id !== except).slice(0, depth);

function nearestTo(query: number[], { documents }: JudgedSet, vectors: number[][]): string[] {
  const near = vectors.map((vector) => vector.reduce((sum, x, i) => sum + x * (query[i] as number), 0));
  return documents
    .map(({ id }, i) => ({ id, score: near[i] as number }))
    .sort((a, b) => b.score - a.score)
    .slice(0, referenceDepth)
    .map(({ id }) => id);
}

function fused(legs: string[][]): string[] {
  const scores = new Map<string, number>();
  for (const leg of legs)
    for (const [i, id] of leg.entries()) scores.set(id, (scores.get(id) ?? 0) + 1 / (plainK + i + 1));
  return [...scores].sort((a, b) => b[1] - a[1]).map(([id]) => id);
}

async function tokensOf(baseTokenizer: BaseTokenizer, texts: { text: string }[]): Promise<string[][]> {
  const all: string[][] = [];
  for (const { text } of texts)
    all.push((await tokenize(text, { ...asIndexed, baseTokenizer })).map((token) => token.text));
  return all;
}
