import { Worker } from "node:worker_threads";
import { limits } from "../../../config/limits.ts";
import type { Fallbacks } from "../../../domain/fallbacks.ts";
import type { WorkerData } from "../decoding/decode-messages.ts";

/** Started ahead, for the next who needs one. */
let spare: { worker: Worker; letGo(): void } | undefined;
/** One was, and ended before anybody needed it. */
let hasEnded = false;

/**
 * Starts a thread ahead of the load that will need it: a function does this while it initialises, when it has the whole
 * processor. One that nobody takes for a while ends.
 * @returns when it is ready, taken, or cannot be started
 */
export async function readyWorker(): Promise<void> {
  if (spare) return;
  const worker = newWorker({ ahead: true });
  const { promise, resolve } = Promise.withResolvers<void>();
  const letGo = () => {
    clearTimeout(timer);
    worker.off("message", resolve).off("error", ended).off("exit", ended);
    spare = undefined;
    resolve();
  };
  const ended = () => {
    hasEnded = true;
    letGo();
  };
  worker.on("message", resolve).on("error", ended).on("exit", ended);
  const timer = setTimeout(() => {
    letGo();
    void worker.terminate();
  }, limits.idleDecoderMs).unref();
  spare = { worker, letGo };
  await promise;
}

/** A thread that runs decode-worker.ts: the one that was started ahead, if there is one. */
export function takeWorker(fallbacks: Pick<Fallbacks, "happened">): Worker {
  if (hasEnded) fallbacks.happened("decoder-ahead", "ended");
  hasEnded = false;
  if (!spare) return newWorker({ ahead: false });
  const { worker, letGo } = spare;
  letGo();
  return worker;
}

function newWorker(workerData: WorkerData): Worker {
  // Bundled, the worker lies beside the bundle.
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "mjs";
  const worker = new Worker(new URL(`./decode-worker.${extension}`, import.meta.url), {
    execArgv: [],
    workerData,
  });
  worker.unref();
  return worker;
}
