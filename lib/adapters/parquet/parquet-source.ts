import { limits } from "../../config/limits.ts";
import type { FileFooter, ParquetSource, Stores, TargetSchema, Unit } from "../../domain/ports.ts";
import { invalidSource } from "../../domain/source-layout.ts";
import type { DecodeRequest } from "./decode-messages.ts";
import { SizedDecoder } from "./sized-decoder.ts";

/**
 * Parquet in the registered buckets, decoded by parquet-wasm on a thread of its own. A thread that has read footers waits
 * a little for the load that mostly follows: its start takes as long as decoding 60 MB (bench/NOTES.md).
 */
export class WasmParquetSource implements ParquetSource {
  readonly #stores: Stores;
  /** Memory of units that were decoded, for those of the next load: V8 does not count it, and would not collect it soon. */
  #spares: SharedArrayBuffer[] = [];
  #idle: { bucket: string; thread: SizedDecoder; timer: NodeJS.Timeout } | undefined;

  constructor(stores: Stores) {
    this.#stores = stores;
  }

  async footers(bucket: string, keys: string[], signal: AbortSignal): Promise<FileFooter[]> {
    return this.#withThread(bucket, signal, async (thread) => {
      thread.forget();
      const footers: FileFooter[] = [];
      for (const file of keys) {
        const bytes = await this.#bytesOf(bucket, file);
        footers.push(
          (await thread.ask({ ask: "footer", file, bytes }, limits.footerTimeoutMs)) as FileFooter,
        );
      }
      return footers;
    });
  }

  /** Of the file as `footers` has just seen it, where that was the last. */
  async firstDimension(bucket: string, file: string, column: string, signal: AbortSignal): Promise<number> {
    return this.#withThread(bucket, signal, async (thread) => {
      const bytes = await this.#bytesOf(bucket, file);
      const request = { ask: "first-dimension", file, column, bytes } as const;
      return (await thread.ask(request, limits.decodeTimeoutMs)) as number;
    });
  }

  /** One unit ahead: while some are appended the next is decoded, into memory of those before. */
  async *decode(bucket: string, files: string[], units: Unit[], target: TargetSchema, signal: AbortSignal) {
    if (units.length === 0) return;
    const { thread, close } = this.#thread(bucket, signal);
    thread.forget();
    const spares = this.#spares.splice(0);
    try {
      let next = this.#decodeUnit(thread, bucket, files, units[0], target, spares);
      for (const [i, unit] of units.entries()) {
        const ipc = await next;
        signal.throwIfAborted();
        next = this.#decodeUnit(thread, bucket, files, units[i + 1], target, spares);
        next.catch(() => undefined); // thrown when its turn comes
        yield { unit, ipc, release: () => void spares.push(ipc.buffer as SharedArrayBuffer) };
      }
    } finally {
      this.#spares = spares;
      await close();
    }
  }

  async #decodeUnit(
    thread: SizedDecoder,
    bucket: string,
    files: string[],
    unit: Unit | undefined,
    target: TargetSchema,
    spares: SharedArrayBuffer[],
  ) {
    if (!unit) return new Uint8Array();
    const file = files[unit.file] ?? "";
    const request: DecodeRequest = {
      ask: "unit",
      file,
      bytes: await this.#bytesOf(bucket, file),
      unit,
      target,
      spare: spares.pop(),
    };
    return (await thread.ask(request, limits.decodeTimeoutMs)) as Uint8Array;
  }

  /** A thread that ends with the signal, and what ends it otherwise. */
  #thread(bucket: string, signal: AbortSignal) {
    signal.throwIfAborted();
    const thread = this.#takeIdle(bucket) ?? this.#newThread(bucket);
    const abort = () => void thread.close(signal.reason);
    signal.addEventListener("abort", abort);
    const release = () => signal.removeEventListener("abort", abort);
    const close = () => {
      release();
      return thread.close();
    };
    return { thread, close, release };
  }

  #newThread(bucket: string): SizedDecoder {
    return new SizedDecoder(async (file, start, end, into) => {
      const store = this.#stores(bucket);
      return into ? into.subarray(0, await store.readInto(file, start, into)) : store.read(file, start, end);
    });
  }

  #takeIdle(bucket: string): SizedDecoder | undefined {
    if (this.#idle?.bucket !== bucket) return undefined;
    const { thread, timer } = this.#idle;
    clearTimeout(timer);
    this.#idle = undefined;
    return thread;
  }

  #keepIdle(bucket: string, thread: SizedDecoder): void {
    this.#closeIdle();
    const timer = setTimeout(() => this.#closeIdle(), limits.idleDecoderMs).unref();
    this.#idle = { bucket, thread, timer };
  }

  #closeIdle(): void {
    clearTimeout(this.#idle?.timer);
    void this.#idle?.thread.close();
    this.#idle = undefined;
  }

  /** Keeps the thread when all went well. */
  async #withThread<T>(
    bucket: string,
    signal: AbortSignal,
    work: (thread: SizedDecoder) => Promise<T>,
  ): Promise<T> {
    const { thread, close, release } = this.#thread(bucket, signal);
    try {
      const result = await work(thread);
      release();
      this.#keepIdle(bucket, thread);
      return result;
    } catch (error) {
      await close();
      throw error;
    }
  }

  async #bytesOf(bucket: string, file: string): Promise<number> {
    const bytes = await this.#stores(bucket).bytesOf(file);
    if (bytes === undefined) throw invalidSource(file, "the file is gone");
    return bytes;
  }
}
