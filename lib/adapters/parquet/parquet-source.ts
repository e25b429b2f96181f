import { limits } from "../../config/limits.ts";
import { type Fallbacks, unobserved } from "../../domain/fallbacks.ts";
import type { ObjectStat, Stores } from "../../domain/object-store.ts";
import type {
  FileFooter,
  ParquetSource,
  PlannedFile,
  TargetSchema,
  Unit,
} from "../../domain/source/parquet-source.ts";
import { sourceChanged } from "../../domain/source/source-changed.ts";
import type { DecodedUnit, DecodeRequest, ReadFile } from "./decoding/decode-messages.ts";
import { decodedTexts } from "./decoding/decoded-texts.ts";
import { SizedDecoder } from "./threads/sized-decoder.ts";

/**
 * Parquet in the registered buckets, decoded by parquet-wasm on a thread of its own. A thread that has read footers waits
 * a little for the load that mostly follows: its start takes as long as decoding 60 MB (bench/NOTES.md).
 */
export class WasmParquetSource implements ParquetSource {
  readonly #stores: Stores;
  readonly #fallbacks: Fallbacks;
  /** Memory of units that were decoded, for those of the next load: V8 does not count it, and would not collect it soon. */
  #spares: SharedArrayBuffer[] = [];
  #idle: { bucket: string; thread: BoundThread; timer: NodeJS.Timeout } | undefined;

  constructor(stores: Stores, fallbacks = unobserved) {
    this.#stores = stores;
    this.#fallbacks = fallbacks;
  }

  async footers(bucket: string, keys: string[], signal: AbortSignal): Promise<(FileFooter & ObjectStat)[]> {
    return this.#withThread(bucket, signal, async (thread) => {
      forget(thread);
      const footers: (FileFooter & ObjectStat)[] = [];
      for (const key of keys) {
        const file = await this.#bind(thread, bucket, { key });
        const footer = await thread.decoder.ask({ ask: "footer", ...file }, limits.footerTimeoutMs);
        footers.push({ ...(footer as FileFooter), ...(thread.seen.get(key) as ObjectStat) });
      }
      return footers;
    });
  }

  async firstDimension(
    bucket: string,
    file: PlannedFile,
    column: string,
    signal: AbortSignal,
  ): Promise<number> {
    return this.#withThread(bucket, signal, async (thread) => {
      const request = {
        ask: "first-dimension",
        column,
        ...(await this.#bind(thread, bucket, file)),
      } as const;
      return (await thread.decoder.ask(request, limits.decodeTimeoutMs)) as number;
    });
  }

  /** One unit ahead: while some are appended the next is decoded, into memory of those before. */
  async *decode(
    bucket: string,
    files: PlannedFile[],
    units: Unit[],
    target: TargetSchema,
    signal: AbortSignal,
    index?: string,
  ) {
    if (units.length === 0) return;
    const { thread, close } = this.#thread(bucket, signal);
    thread.index = index;
    forget(thread);
    const spares = this.#spares.splice(0);
    try {
      let next = this.#decodeUnit(thread, bucket, files, units[0], target, spares);
      for (const [i, unit] of units.entries()) {
        const { ipc, skipped, gaps } = await next;
        signal.throwIfAborted();
        next = this.#decodeUnit(thread, bucket, files, units[i + 1], target, spares);
        next.catch(() => undefined); // thrown when its turn comes
        const { embedding, dimension } = target;
        const texts = embedding && gaps && decodedTexts(ipc, embedding.column, dimension, gaps);
        yield { unit, ipc, skipped, texts, release: () => void spares.push(ipc.buffer as SharedArrayBuffer) };
      }
    } finally {
      this.#spares = spares;
      await close();
    }
  }

  async #decodeUnit(
    thread: BoundThread,
    bucket: string,
    files: PlannedFile[],
    unit: Unit | undefined,
    target: TargetSchema,
    spares: SharedArrayBuffer[],
  ) {
    if (!unit) return { ipc: new Uint8Array() } satisfies DecodedUnit as DecodedUnit;
    const file = await this.#bind(thread, bucket, files[unit.file] ?? { key: "" });
    const request: DecodeRequest = { ask: "unit", ...file, unit, target, spare: spares.pop() };
    return (await thread.decoder.ask(request, limits.decodeTimeoutMs)) as DecodedUnit;
  }

  /** A thread that ends with the signal, and what ends it otherwise. */
  #thread(bucket: string, signal: AbortSignal) {
    signal.throwIfAborted();
    const thread = this.#takeIdle(bucket) ?? this.#newThread(bucket);
    const abort = () => void thread.decoder.close(signal.reason);
    signal.addEventListener("abort", abort);
    const release = () => signal.removeEventListener("abort", abort);
    const close = () => {
      release();
      return thread.decoder.close();
    };
    return { thread, close, release };
  }

  #newThread(bucket: string): BoundThread {
    const seen: BoundThread["seen"] = new Map();
    const thread: Partial<BoundThread> = {};
    const read: ReadFile = async (file, start, end, into) => {
      const store = this.#stores(bucket);
      const { identity } = seen.get(file) ?? {};
      if (!into) return store.read(file, start, end, identity);
      return into.subarray(0, await store.readInto(file, start, into, identity));
    };
    const happened: Fallbacks["happened"] = (path, reason) =>
      this.#fallbacksOf(thread.index).happened(path, reason);
    return Object.assign(thread, { decoder: new SizedDecoder(read, { happened }), seen });
  }

  #fallbacksOf(index: string | undefined): Fallbacks {
    return index === undefined ? this.#fallbacks : this.#fallbacks.of(index);
  }

  #takeIdle(bucket: string): BoundThread | undefined {
    if (this.#idle?.bucket !== bucket) return undefined;
    const { thread, timer } = this.#idle;
    clearTimeout(timer);
    this.#idle = undefined;
    return thread;
  }

  #keepIdle(bucket: string, thread: BoundThread): void {
    this.#closeIdle();
    const timer = setTimeout(() => this.#closeIdle(), limits.idleDecoderMs).unref();
    this.#idle = { bucket, thread, timer };
  }

  #closeIdle(): void {
    clearTimeout(this.#idle?.timer);
    void this.#idle?.thread.decoder.close();
    this.#idle = undefined;
  }

  /** Keeps the thread when all went well. */
  async #withThread<T>(
    bucket: string,
    signal: AbortSignal,
    work: (thread: BoundThread) => Promise<T>,
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

  /** From now on the thread reads the file as it was planned, or else as it is now. */
  async #bind(thread: BoundThread, bucket: string, { key, bytes, identity }: PlannedFile) {
    const planned = bytes !== undefined && identity !== undefined ? { bytes, identity } : undefined;
    const seen = planned ?? thread.seen.get(key) ?? (await this.#stores(bucket).stat(key));
    if (!seen) throw sourceChanged(key, "is gone");
    thread.seen.set(key, seen);
    return { file: key, bytes: seen.bytes };
  }
}

/** A thread, and what the files are that it reads: bytes of others under their names are refused. */
interface BoundThread {
  decoder: SizedDecoder;
  /** That it works for now. */
  index?: string | undefined;
  seen: Map<string, ObjectStat>;
}

function forget({ decoder, seen }: BoundThread): void {
  decoder.forget();
  seen.clear();
}
