import { parentPort, workerData } from "node:worker_threads";
import { isFault, messageOf, ReadFailed, Refusal, Refusals } from "../decoding/decode-errors.ts";
import {
  type DecodeRequest,
  type FromWorker,
  placeAsked,
  type ReadFile,
  type RefusedAnswer,
  type ToWorker,
  type WorkerData,
} from "../decoding/decode-messages.ts";
import { Decoder } from "../decoding/decoder.ts";
import { parquetWasm } from "../wasm/parquet-wasm.ts";
import { rehearse } from "./rehearse.ts";

const port = parentPort;
if (!port) throw new Error("decode-worker.ts runs as a worker thread");
const post = (message: FromWorker) => port.postMessage(message);

const waiting = new Map<number, (bytes: Uint8Array | undefined) => void>();
let reads = 0;

/** From when it is known how much memory it may take. */
let decoder: Decoder | undefined;

/** By the thread that asks. */
const readFile: ReadFile = (file, start, end, into) => {
  const read = reads++;
  return new Promise((resolve, reject) => {
    waiting.set(read, (bytes) =>
      bytes ? resolve(bytes) : reject(new ReadFailed("the bytes could not be read")),
    );
    post({ read, file, start, end, ...(into ? { into } : {}) });
  });
};

function receive(message: ToWorker): void {
  if ("begin" in message) begin(message.begin.maxMemoryBytes);
  else if ("forget" in message) decoder?.forget();
  else if ("read" in message) {
    waiting.get(message.read)?.(message.bytes);
    waiting.delete(message.read);
  } else void answer(message.id, message.request);
}

function begin(maxMemoryBytes: number | undefined): void {
  decoder = new Decoder(parquetWasm(maxMemoryBytes), readFile, (fellBack) => post({ fellBack }));
  post({ started: true });
}

async function answer(id: number, request: DecodeRequest): Promise<void> {
  try {
    if (!decoder) throw new Error("it has not begun");
    post({ id, answer: await decoder.answer(request) });
  } catch (error) {
    if (isFault(error)) throw error; // which ends the thread
    const place = error instanceof Refusal ? error.place : placeAsked(request);
    post({ id, refused: { place, message: messageOf(error), ...rowsOf(error) } });
  }
}

function rowsOf(error: unknown): Pick<RefusedAnswer, "rows"> {
  if (!(error instanceof Refusals)) return {};
  const issues = error.first.map(({ place, reason }) => ({ path: place, message: reason }));
  return { rows: { issues, more: error.count - issues.length } };
}

if ((workerData as WorkerData).ahead) await rehearse();
port.on("message", receive);
post({ ready: true });
