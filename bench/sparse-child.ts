import { lambdaContext, searchEvent, warmEvent } from "./search-event.ts";

/** What a process is asked, and what it answers. */
export interface SparseSearch {
  /** The bundled function's. */
  file: string;
  index: string;
  vector: number[];
}
export interface SparseWarm {
  file: string;
  warm: string;
}
export interface SparseProbe {
  /** Of the store. */
  endpoint: string;
}
export interface SparseAnswer {
  ms: number;
  /** What it was answered from. */
  cache: string;
}

/** The first search takes in what it takes to load the function. */
async function search({ file, index, vector }: SparseSearch): Promise<SparseAnswer> {
  const started = performance.now();
  const { handler } = await import(file);
  const body = { vector, k: 10, select: ["doc_id", "chunk_text"] };
  const response = await handler(searchEvent(index, body), lambdaContext);
  if (response.statusCode !== 200) throw new Error(response.body);
  return { ms: performance.now() - started, cache: JSON.parse(response.body).performance.cache };
}

/** The warm route, until it answers. */
async function warm({ file, warm: index }: SparseWarm): Promise<SparseAnswer> {
  const started = performance.now();
  const { handler } = await import(file);
  const { body } = await handler(warmEvent(index), lambdaContext);
  return { ms: performance.now() - started, cache: JSON.parse(body).performance.cache };
}

/** One request to the store, as this process makes them: what a search that makes one takes at the least. */
async function probe({ endpoint }: SparseProbe): Promise<SparseAnswer> {
  const started = performance.now();
  await (await fetch(endpoint)).arrayBuffer();
  return { ms: performance.now() - started, cache: "" };
}

process.on("message", async (asked: SparseSearch | SparseWarm | SparseProbe) => {
  if ("endpoint" in asked) process.send?.(await probe(asked));
  else process.send?.(await ("warm" in asked ? warm(asked) : search(asked)));
});
