import { limits } from "../../../config/limits.ts";
import { type Fallbacks, unobserved } from "../../../domain/fallbacks.ts";
import type { FileFooter } from "../../../domain/source/parquet-source.ts";
import { invalidSource } from "../../../domain/source/source-layout.ts";
import type { DecodeAnswer, DecodeRequest, ReadFile } from "../decoding/decode-messages.ts";
import { DecoderFault, DecodeThread } from "./decode-thread.ts";

/** What a thread needs besides what it reads: buffers, a batch, pages of usual size. */
const baseMemoryBytes = 96 * 1_048_576;
/** Stored row groups are in its memory twice, decoded columns of text larger than that. */
const memoryPerFileByte = 16;
const smallestFileBytes = 262_144;

/** A row group whose pages are large is beside them as read and as decoded. */
const memoryPerRowGroupByte = 3;
/** Decoded at a time where more did not fit. */
const fewRows = 8;
const [tinyFileBytes, tinyUnitRows] = [65_536, 64];

/**
 * Decodes one file after the other on a thread whose memory is bounded by the size of the file: a damaged one cannot
 * take more than a good one of its size. A larger file is given a thread of its own. Where the decoder faults it may
 * have been short of memory: the file is then tried again in small steps, with as much more of it as its footer says
 * that a row group takes, up to `limits.maxDecoderMemoryBytes`.
 */
export class SizedDecoder {
  readonly #read: ReadFile;
  readonly #fallbacks: Pick<Fallbacks, "happened">;
  #thread: DecodeThread | undefined;
  #memoryBytes = 0;
  #closedFor: { reason: unknown } | undefined;
  /** Files that did not fit in usual steps. */
  readonly #tight = new Set<string>();

  constructor(read: ReadFile, fallbacks: Pick<Fallbacks, "happened"> = unobserved) {
    this.#read = read;
    this.#fallbacks = fallbacks;
  }

  /** One question at a time. @throws SourceInvalid, and what DecodeThread.ask throws but its fault */
  async ask(request: DecodeRequest, timeoutMs: number): Promise<DecodeAnswer> {
    try {
      return await this.#askInSteps(request, timeoutMs);
    } catch (error) {
      throw error instanceof DecoderFault ? damaged(error.place, request.bytes) : error;
    }
  }

  async #askInSteps(request: DecodeRequest, timeoutMs: number): Promise<DecodeAnswer> {
    if (!this.#tight.has(request.file)) {
      try {
        return await this.#askWith(usualMemory(request.bytes), request, timeoutMs);
      } catch (error) {
        if (!(error instanceof DecoderFault) || isTiny(request)) throw error;
        this.#fallbacks.happened("usual-decoder-memory", "faulted");
        this.#tight.add(request.file);
      }
    }
    const memoryBytes = await this.#memoryFor(request);
    const inFew = request.ask === "unit" ? { ...request, batchRows: fewRows } : request;
    return this.#askWith(memoryBytes, inFew, timeoutMs);
  }

  /** By what the footer says of the row groups that are asked for. */
  async #memoryFor(request: DecodeRequest): Promise<number> {
    const usual = usualMemory(request.bytes);
    const { file, bytes } = request;
    const footer = await this.#askWith(usual, { ask: "footer", file, bytes }, limits.footerTimeoutMs);
    const asked =
      request.ask === "unit" ? new Set(request.unit.rowGroups.map(({ index }) => index)) : undefined;
    const sizes = (footer as FileFooter).rowGroups.map((group, i) =>
      asked?.has(i) === false ? 0 : group.bytes,
    );
    const most = sizes.reduce((before, size) => Math.max(before, size), 0);
    return Math.max(usual, Math.min(usual + memoryPerRowGroupByte * most, limits.maxDecoderMemoryBytes));
  }

  async #askWith(memoryBytes: number, request: DecodeRequest, timeoutMs: number): Promise<DecodeAnswer> {
    if (memoryBytes > this.#memoryBytes) await this.#thread?.close();
    if (this.#closedFor) throw this.#closedFor.reason;
    if (!this.#thread || memoryBytes > this.#memoryBytes) {
      this.#memoryBytes = memoryBytes;
      this.#thread = new DecodeThread(this.#read, memoryBytes, this.#fallbacks);
    }
    try {
      return await this.#thread.ask(request, timeoutMs);
    } catch (error) {
      if (error instanceof DecoderFault) this.#memoryBytes = 0; // its thread has ended
      throw error;
    }
  }

  /** As DecodeThread.forget. */
  forget(): void {
    this.#tight.clear();
    this.#thread?.forget();
  }

  /** Ends the thread, and there will be no other; whoever still waits for an answer is told the reason. */
  async close(reason?: unknown): Promise<void> {
    this.#closedFor ??= { reason };
    await this.#thread?.close(reason);
  }
}

/** Sizes are powers of two, so that files that differ little share a thread. */
function usualMemory(fileBytes: number): number {
  const size = 2 ** Math.ceil(Math.log2(Math.max(fileBytes, smallestFileBytes)));
  return baseMemoryBytes + memoryPerFileByte * size;
}

/** So few rows of so small a file have room, if they are good: another thread would find the same damage. */
function isTiny(request: DecodeRequest): boolean {
  if (request.ask !== "unit") return request.ask === "footer" || request.bytes <= tinyFileBytes;
  return request.bytes <= tinyFileBytes && request.unit.rows <= tinyUnitRows;
}

/** A good file of which a page is so large as not to fit has to be large itself, or to be packed very well. */
function damaged(place: string, fileBytes: number) {
  const isSmall = fileBytes * memoryPerFileByte < limits.maxDecoderMemoryBytes;
  const more = isSmall ? "" : `, or pages too large to be decoded in ${limits.maxDecoderMemoryBytes} bytes`;
  return invalidSource(place, `cannot be decoded; the file is damaged${more}`);
}
