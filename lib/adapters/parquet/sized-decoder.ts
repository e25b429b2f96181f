import type { DecodeAnswer, DecodeRequest, ReadFile } from "./decode-messages.ts";
import { DecodeThread } from "./decode-thread.ts";

/** What a thread needs besides what it reads: buffers, a batch, pages of usual size. */
const baseMemoryBytes = 96 * 1_048_576;
/** Stored row groups are in its memory twice, decoded columns of text larger than that. */
const memoryPerFileByte = 16;
const smallestFileBytes = 262_144;

/**
 * Decodes one file after the other on a thread whose memory is bounded by the size of the file: a damaged one cannot
 * take more than a good one of its size. A larger file is given a thread of its own.
 */
export class SizedDecoder {
  readonly #read: ReadFile;
  #thread: DecodeThread | undefined;
  #fileBytes = 0;
  #closedFor: { reason: unknown } | undefined;

  constructor(read: ReadFile) {
    this.#read = read;
  }

  /** One question at a time. @throws what DecodeThread.ask throws */
  async ask(request: DecodeRequest, timeoutMs: number): Promise<DecodeAnswer> {
    if (request.bytes > this.#fileBytes) await this.#thread?.close();
    if (this.#closedFor) throw this.#closedFor.reason;
    if (!this.#thread || request.bytes > this.#fileBytes) this.#start(request.bytes);
    return (this.#thread as DecodeThread).ask(request, timeoutMs);
  }

  /** As DecodeThread.forget. */
  forget(): void {
    this.#thread?.forget();
  }

  /** Ends the thread, and there will be no other; whoever still waits for an answer is told the reason. */
  async close(reason?: unknown): Promise<void> {
    this.#closedFor ??= { reason };
    await this.#thread?.close(reason);
  }

  /** Sizes are powers of two, so that files that differ little share a thread. */
  #start(bytes: number): void {
    this.#fileBytes = 2 ** Math.ceil(Math.log2(Math.max(bytes, smallestFileBytes)));
    this.#thread = new DecodeThread(this.#read, baseMemoryBytes + memoryPerFileByte * this.#fileBytes);
  }
}
