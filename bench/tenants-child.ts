import { lambdaContext, searchEvent } from "./search-event.ts";

/** What a container is asked, and what it answers. */
export interface TenantSearch {
  /** The bundled function's. */
  file: string;
  index: string;
  body: object;
}
export interface TenantAnswer {
  ms: number;
  cache: string;
  ids: string[];
}

async function search({ file, index, body }: TenantSearch): Promise<TenantAnswer> {
  const started = performance.now();
  const { handler } = await import(file);
  const response = await handler(searchEvent(index, body), lambdaContext);
  if (response.statusCode !== 200) throw new Error(response.body);
  const ms = performance.now() - started;
  const { hits, performance: told } = JSON.parse(response.body);
  return { ms, cache: told.cache, ids: hits.map(({ doc_id }: { doc_id: string }) => doc_id) };
}

process.on("message", async (asked: TenantSearch) => process.send?.(await search(asked)));
