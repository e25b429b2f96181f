import { subscribe } from "node:diagnostics_channel";
import { answerParent } from "./child.ts";
import type { ColdSteps } from "./cold-start.ts";
import { lambdaContext, searchEvent } from "./search-event.ts";

interface Input {
  /** Of the bundled function. */
  file: string;
  index: string;
  vectors: number[][];
}

/** When the process asked the registry, and when it had the answer: its only request that JavaScript makes. */
const registry = { asked: Number.NaN, answered: Number.NaN };
subscribe("http.client.request.start", () => {
  if (Number.isNaN(registry.asked)) registry.asked = performance.now();
});
subscribe("http.client.response.finish", () => {
  if (Number.isNaN(registry.answered)) registry.answered = performance.now();
});

/** From the import of the bundled handler to its first answers. */
async function cold({ file, index, vectors }: Input): Promise<ColdSteps> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  const { handler } = await import(file);
  const imported = performance.now();
  const answer = async (vector: number[] | undefined) => {
    const body = { vector, k: 10, select: ["doc_id", "chunk_text"] };
    const response = await handler(searchEvent(index, body), lambdaContext);
    if (response.statusCode !== 200) throw new Error(response.body);
    return JSON.parse(response.body).performance;
  };
  const first = await answer(vectors[0]);
  const answered = performance.now();
  const { user, system } = process.cpuUsage(cpu);
  await answer(vectors[1]);
  const registryMs = registry.answered - registry.asked;
  return {
    import: imported - started,
    container: registry.asked - imported,
    registry: registryMs,
    open: first.openMs - registryMs,
    search: first.searchMs,
    total: answered - started,
    cpu: (user + system) / 1_000,
    second: performance.now() - answered,
  };
}

await answerParent(cold);
