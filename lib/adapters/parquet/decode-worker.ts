import { parentPort } from "node:worker_threads";
import type { FromWorker, ToWorker } from "./decode-messages.ts";
import { limitModules } from "./memory-limit.ts";
import "./target-batch.ts"; // brings Arrow, most of what a thread loads, before there is anything to decode

const port = parentPort;
if (!port) throw new Error("decode-worker.ts runs as a worker thread");

/** What decodes, loaded when it is known how much memory it may take. */
let decoder: Promise<typeof import("./decode-requests.ts")> | undefined;

port.on("message", (message: ToWorker) => {
  if ("begin" in message) decoder = begin(message.begin.maxMemoryBytes);
  else void decoder?.then(({ receive }) => receive(message));
});

port.postMessage({ ready: true } satisfies FromWorker);

async function begin(maxMemoryBytes: number | undefined) {
  if (maxMemoryBytes !== undefined) limitModules(maxMemoryBytes);
  const loaded = await import("./decode-requests.ts");
  port?.postMessage({ started: true } satisfies FromWorker);
  return loaded;
}
