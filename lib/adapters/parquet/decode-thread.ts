import { Worker } from "node:worker_threads";
import { DomainError } from "../../domain/errors.ts";
import { invalidSource } from "../../domain/source-layout.ts";
import type { DecodeAnswer, DecodeRequest, FromWorker, ToWorker } from "./decode-messages.ts";

export type ReadFile = (file: string, start: number, end: number) => Promise<Uint8Array<ArrayBuffer>>;

interface Pending {
  file: string;
  resolve(answer: DecodeAnswer): void;
  reject(error: unknown): void;
}

/**
 * A thread that decodes Parquet, so that requests are answered and appends are written meanwhile. A file that makes
 * the decoder fault takes the thread with it and nothing else.
 */
export class DecodeThread {
  readonly #read: ReadFile;
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #asked = 0;
  #failure: unknown;

  constructor(read: ReadFile) {
    this.#read = read;
    // Bundled, the worker lies beside the bundle.
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "mjs";
    this.#worker = new Worker(new URL(`./decode-worker.${extension}`, import.meta.url), { execArgv: [] });
    this.#worker.unref();
    this.#worker.on("message", (message: FromWorker) => this.#receive(message));
    this.#worker.on("error", (error) => this.#end(error));
    this.#worker.on("exit", () => this.#end(new Error("the decoding thread ended")));
  }

  /** @throws SourceInvalid, DeadlineExceeded, or what reading the file threw */
  ask(request: DecodeRequest, timeoutMs: number): Promise<DecodeAnswer> {
    const id = this.#asked++;
    const asked = new Promise<DecodeAnswer>((resolve, reject) => {
      this.#pending.set(id, { file: request.file, resolve, reject });
      this.#worker.postMessage({ id, request } satisfies ToWorker);
    });
    const timer = setTimeout(() => {
      this.#end(new DomainError("DeadlineExceeded", `${request.file}: not decoded within ${timeoutMs} ms`));
      void this.close();
    }, timeoutMs);
    return asked.finally(() => clearTimeout(timer));
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #receive(message: FromWorker): void {
    if ("read" in message) return void this.#serve(message);
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if ("answer" in message) pending?.resolve(message.answer);
    else pending?.reject(this.#failure ?? invalidSource(message.refused.place, message.refused.message));
  }

  /** When a read fails, its error stands for the refusal that follows from it. */
  async #serve({ read, file, start, end }: Extract<FromWorker, { read: number }>): Promise<void> {
    try {
      const bytes = await this.#read(file, start, end);
      const whole = bytes.byteLength === bytes.buffer.byteLength;
      this.#worker.postMessage({ read, bytes } satisfies ToWorker, whole ? [bytes.buffer] : []);
    } catch (error) {
      this.#failure = error;
      this.#worker.postMessage({ read } satisfies ToWorker);
    }
  }

  /** A fault of the decoder is the fault of the file it was decoding. */
  #end(error: unknown): void {
    for (const { file, reject } of this.#pending.values())
      reject(
        error instanceof DomainError ? error : invalidSource(file, "cannot be decoded; the file is damaged"),
      );
    this.#pending.clear();
  }
}
