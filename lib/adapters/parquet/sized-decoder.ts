import { limits } from "../../config/limits.ts";
import { invalidSource } from "../../domain/source-layout.ts";
import type { DecodeAnswer, DecodeRequest, ReadFile } from "./decode-messages.ts";
import { DecoderFault, DecodeThread } from "./decode-thread.ts";

/** What a thread needs besides what it reads: buffers, a batch, pages of usual size. */
const baseMemoryBytes = 96 * 1_048_576;
/** Stored row groups are in its memory twice, decoded columns of text larger than that. */
const memoryPerFileByte = 16;
const smallestFileBytes = 262_144;

/** What a file is tried again with after a fault: so many times the memory, and at most so many rows at a time. */
const steps = [{ times: 1 }, { times: 64, batchRows: 8 }];

/**
 * Decodes one file after the other on a thread whose memory is bounded by the size of the file: a damaged one cannot
 * take much more than a good one of its size. A larger file is given a thread of its own. Where the decoder faults it
 * may have been short of memory: the file is then tried again in smaller steps with more of it, up to
 * `limits.maxDecoderMemoryBytes`.
 */
export class SizedDecoder {
  readonly #read: ReadFile;
  #thread: DecodeThread | undefined;
  #memoryBytes = 0;
  #closedFor: { reason: unknown } | undefined;
  /** That have needed more than the first step. */
  readonly #stepOf = new Map<string, number>();

  constructor(read: ReadFile) {
    this.#read = read;
  }

  /** One question at a time. @throws SourceInvalid, and what DecodeThread.ask throws but its fault */
  async ask(request: DecodeRequest, timeoutMs: number): Promise<DecodeAnswer> {
    const first = this.#stepOf.get(request.file) ?? 0;
    for (const [step, { times, batchRows }] of [...steps.entries()].slice(first)) {
      const sized = batchRows && request.ask === "unit" ? { ...request, batchRows } : request;
      try {
        return await this.#askWith(memoryFor(request.bytes, times), sized, timeoutMs);
      } catch (error) {
        if (!(error instanceof DecoderFault)) throw error;
        this.#memoryBytes = 0; // its thread has ended
        this.#stepOf.set(request.file, step + 1);
        if (step === steps.length - 1) throw damaged(error.place, request.bytes);
      }
    }
    throw damaged(request.file, request.bytes);
  }

  async #askWith(memoryBytes: number, request: DecodeRequest, timeoutMs: number): Promise<DecodeAnswer> {
    if (memoryBytes > this.#memoryBytes) await this.#thread?.close();
    if (this.#closedFor) throw this.#closedFor.reason;
    if (!this.#thread || memoryBytes > this.#memoryBytes) {
      this.#memoryBytes = memoryBytes;
      this.#thread = new DecodeThread(this.#read, memoryBytes);
    }
    return this.#thread.ask(request, timeoutMs);
  }

  /** As DecodeThread.forget. */
  forget(): void {
    this.#stepOf.clear();
    this.#thread?.forget();
  }

  /** Ends the thread, and there will be no other; whoever still waits for an answer is told the reason. */
  async close(reason?: unknown): Promise<void> {
    this.#closedFor ??= { reason };
    await this.#thread?.close(reason);
  }
}

/** Sizes are powers of two, so that files that differ little share a thread. */
function memoryFor(fileBytes: number, times: number): number {
  const size = 2 ** Math.ceil(Math.log2(Math.max(fileBytes, smallestFileBytes)));
  const usual = baseMemoryBytes + memoryPerFileByte * size;
  return Math.max(usual, Math.min(usual * times, limits.maxDecoderMemoryBytes));
}

/** A good file of which a page is so large as not to fit has to be that large itself, or to be packed very well. */
function damaged(place: string, fileBytes: number) {
  const isSmall = fileBytes * memoryPerFileByte < limits.maxDecoderMemoryBytes;
  const more = isSmall ? "" : `, or pages too large to be decoded in ${limits.maxDecoderMemoryBytes} bytes`;
  return invalidSource(place, `cannot be decoded; the file is damaged${more}`);
}
