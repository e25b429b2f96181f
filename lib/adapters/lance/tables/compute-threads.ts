import { availableParallelism } from "node:os";

/**
 * On how many threads LanceDB computes. By itself it leaves two processors to reading, and has one thread on two or three
 * of them, as functions have: searches at the same time wait for each other.
 */
export function computeThreads(processors: number): number {
  return Math.max(Math.min(2, processors), processors - 2);
}

/** LanceDB asks the environment when it first computes. */
process.env["LANCE_CPU_THREADS"] ??= String(computeThreads(availableParallelism()));
