import { answerParent } from "./child.ts";
import type { Cold } from "./results.ts";
import { lambdaContext, searchEvent } from "./search-event.ts";

/** From the start of the process to its first answers, through the exported handler. */
async function cold({ index, vectors }: { index: string; vectors: number[][] }): Promise<Cold> {
  const node = performance.now();
  const { handler } = await import("../functions/search.ts");
  const imported = performance.now();
  const answer = async (vector: number[] | undefined) => {
    const started = performance.now();
    const body = { vector, k: 10, select: ["doc_id", "chunk_text"] };
    const response = await handler(searchEvent(index, body), lambdaContext);
    if (response.statusCode !== 200) throw new Error(response.body);
    return { ms: performance.now() - started, performance: JSON.parse(response.body).performance };
  };
  const first = await answer(vectors[0]);
  const second = await answer(vectors[1]);
  return {
    node,
    import: imported - node,
    first: first.ms,
    open: first.performance.openMs,
    search: first.performance.searchMs,
    second: second.ms,
  };
}

await answerParent(cold);
