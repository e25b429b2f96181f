import { dropIndex } from "../index/drop-index.ts";
import type { Generations } from "../index/generations.ts";
import type { WriteDependencies } from "./write-turn.ts";

/**
 * Drops an index while nobody writes to it, and forgets what its writers left: a write that is sent again later finds no
 * index.
 * @throws IndexNotFound, Conflict while a job is building it, TooBusy
 */
export async function dropInTurn(
  {
    registry,
    generations,
    turns,
    receipts,
  }: Pick<WriteDependencies, "registry" | "turns" | "receipts"> & {
    generations: Generations;
  },
  index: string,
  timeoutMs: number,
): Promise<void> {
  if (!(await registry.read(index))) return dropIndex(registry, generations, index);
  await turns.during(index, undefined, timeoutMs, async () => {
    await dropIndex(registry, generations, index);
    await receipts.forget(index);
  });
  await turns.forget(index);
}
