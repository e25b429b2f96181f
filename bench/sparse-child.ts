import { lambdaContext, searchEvent } from "./search-event.ts";

/** What a process is asked, and what it answers. */
export interface SparseSearch {
  /** The bundled function's. */
  file: string;
  index: string;
  vector: number[];
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

process.on("message", async (asked: SparseSearch) => process.send?.(await search(asked)));
