import type { Worker } from "node:worker_threads";
import { DomainError } from "../../../domain/errors.ts";
import { type Fallbacks, unobserved } from "../../../domain/fallbacks.ts";
import { invalidSource, invalidSources } from "../../../domain/source/source-layout.ts";
import {
  type DecodeAnswer,
  type DecodeRequest,
  type FromWorker,
  placeAsked,
  type ReadFile,
  type RefusedAnswer,
  type ToWorker,
} from "../decoding/decode-messages.ts";
import { takeWorker } from "./spare-worker.ts";

interface Pending {
  place: string;
  resolve(answer: DecodeAnswer): void;
  reject(error: unknown): void;
}

/** A fault of the decoder: the file is damaged, or there was too little memory for it. */
export class DecoderFault extends Error {
  readonly place: string;

  constructor(place: string) {
    super(`${place}: the decoder has faulted`);
    this.place = place;
  }
}

const refusalOf = ({ place, message, rows }: RefusedAnswer) =>
  rows ? invalidSources(rows.issues, rows.more) : invalidSource(place, message);

/** Why a thread has ended, as who asked about a place in a file is told. */
type End = (place: string) => unknown;

/**
 * A thread that decodes Parquet, so that requests are answered and appends are written meanwhile. A file that makes
 * the decoder fault takes the thread with it and nothing else. Once it has ended, every question is refused at once.
 */
export class DecodeThread {
  readonly #read: ReadFile;
  readonly #fallbacks: Pick<Fallbacks, "happened">;
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #asked = 0;
  #started = false;
  #readFailure: unknown;
  #ended: End | undefined;

  /** @param maxMemoryBytes of the decoder, which faults where a file makes it need more */
  constructor(read: ReadFile, maxMemoryBytes?: number, fallbacks: Pick<Fallbacks, "happened"> = unobserved) {
    this.#read = read;
    this.#fallbacks = fallbacks;
    this.#worker = takeWorker(fallbacks);
    this.#worker.on("message", (message: FromWorker) => this.#receive(message));
    this.#worker.on("error", (error) => this.#end((place) => this.#faultOf(place, error)));
    this.#worker.on("exit", () => this.#end((place) => this.#faultOf(place, undefined)));
    this.#worker.postMessage({ begin: { maxMemoryBytes } } satisfies ToWorker);
  }

  /** @throws SourceInvalid, DecoderFault, DeadlineExceeded, what reading the file threw, or what the thread was closed for */
  async ask(request: DecodeRequest, timeoutMs: number): Promise<DecodeAnswer> {
    const place = placeAsked(request);
    if (this.#ended) throw this.#ended(place);
    const timer = setTimeout(() => {
      void this.close(new DomainError("DeadlineExceeded", `${place}: not decoded within ${timeoutMs} ms`));
    }, timeoutMs);
    try {
      return await this.#post(request);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Files are read anew: who asks next may find other ones under their names. */
  forget(): void {
    this.#worker.postMessage({ forget: true } satisfies ToWorker);
  }

  /** Ends the thread; whoever still waits for an answer is told the reason. */
  async close(
    reason: unknown = new DomainError("Internal", "the decoding thread was closed"),
  ): Promise<void> {
    this.#end(() => reason);
    await this.#worker.terminate();
  }

  #post(request: DecodeRequest): Promise<DecodeAnswer> {
    const id = this.#asked++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { place: placeAsked(request), resolve, reject });
      this.#worker.postMessage({ id, request } satisfies ToWorker);
    });
  }

  #receive(message: FromWorker): void {
    if ("ready" in message) return;
    if ("fellBack" in message) {
      this.#fallbacks.happened(message.fellBack.path, message.fellBack.reason);
      return;
    }
    if ("started" in message) {
      this.#started = true;
      return;
    }
    if ("read" in message) return void this.#serve(message);
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if ("answer" in message) pending?.resolve(message.answer);
    else pending?.reject(this.#readFailure ?? refusalOf(message.refused));
  }

  /** When a read fails, its error stands for the refusal that follows from it. */
  async #serve({ read, file, start, end, into }: Extract<FromWorker, { read: number }>): Promise<void> {
    try {
      const bytes = await this.#read(file, start, end, into);
      const moved = !into && bytes.byteLength === bytes.buffer.byteLength;
      this.#worker.postMessage(
        { read, bytes } satisfies ToWorker,
        moved ? [bytes.buffer as ArrayBuffer] : [],
      );
    } catch (error) {
      this.#readFailure = error;
      this.#worker.postMessage({ read } satisfies ToWorker);
    }
  }

  /** The first reason stands: a thread that is closed also exits. */
  #end(end: End): void {
    this.#ended ??= end;
    for (const { place, reject } of this.#pending.values()) reject(this.#ended(place));
    this.#pending.clear();
  }

  /** A thread that never started has no fault of the decoder. */
  #faultOf(place: string, cause: unknown): unknown {
    if (this.#readFailure) return this.#readFailure;
    if (this.#started) return new DecoderFault(place);
    return new DomainError("Internal", "the decoding thread did not start", { cause });
  }
}
