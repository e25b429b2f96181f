import { limits } from "../../config/limits.ts";
import type { EmbedderSettings } from "../../config/providers.ts";
import type { Embedder, TextKind, Waiting } from "../../domain/embedding/providers.ts";
import { refused, type Service } from "./ask-service.ts";

/** Asks a provider for the vectors of a batch; what they are is looked at by whoever asks. */
export interface EmbeddingModel {
  /** Texts that it takes in one request, at most; as many as it is told without it. */
  readonly mostTexts?: number;
  embed(texts: readonly string[], kind: TextKind, waiting: Waiting): Promise<Vectors>;
}

/** Numbers by text. Undefined where the answer has none for it. */
export type Vectors = (ArrayLike<number> | undefined)[];

/** Embeds any number of texts in batches, some of them at a time, and looks at what comes. */
export class BatchedEmbedder implements Embedder {
  readonly #settings: EmbedderSettings;
  readonly #service: Service;
  readonly #model: EmbeddingModel;

  constructor(settings: EmbedderSettings, service: Service, model: EmbeddingModel) {
    this.#settings = settings;
    this.#service = service;
    this.#model = model;
  }

  get model(): string {
    return this.#settings.model;
  }

  get dimension(): number | undefined {
    return this.#settings.dimension;
  }

  async embed(texts: readonly string[], kind: TextKind, waiting: Waiting): Promise<Float32Array[]> {
    const batches = this.#batches(texts.map((text) => this.#prepared(text, kind)));
    const ends = performance.now() + waiting.timeoutMs;
    const failed = new AbortController();
    const signal = AbortSignal.any([failed.signal, ...(waiting.signal ? [waiting.signal] : [])]);
    const made: Float32Array[][] = [];
    const next = batches.entries();
    const work = async () => {
      for (const [i, batch] of next) {
        const left = { timeoutMs: ends - performance.now(), signal };
        made[i] = this.#checked(batch, await this.#model.embed(batch, kind, left));
      }
    };
    const workers = Math.min(batches.length, this.#settings.concurrency);
    try {
      await Promise.all(Array.from({ length: workers }, work));
    } catch (error) {
      failed.abort(error); // the others' answers are of no use
      throw error;
    }
    return made.flat();
  }

  #prepared(text: string, kind: TextKind): string {
    const { truncate, prefixes } = this.#settings;
    return `${prefixes[kind]}${truncate === undefined ? text : text.slice(0, truncate).toWellFormed()}`;
  }

  /** By number and by bytes; a text that is longer than these is one by itself. */
  #batches(texts: string[]): string[][] {
    const most = Math.min(this.#settings.batch, this.#model.mostTexts ?? Number.POSITIVE_INFINITY);
    const batches: string[][] = [];
    let bytes = 0;
    for (const text of texts) {
      const open = batches.at(-1);
      const own = Buffer.byteLength(text);
      bytes += own;
      if (open && open.length < most && bytes <= limits.embeddingBatchBytes) open.push(text);
      else {
        batches.push([text]);
        bytes = own;
      }
    }
    return batches;
  }

  #checked(texts: string[], vectors: Vectors): Float32Array[] {
    if (vectors.length !== texts.length)
      throw refused(this.#service, `it made ${vectors.length} vectors of ${texts.length} texts`);
    return vectors.map((numbers = []) => {
      const vector = Float32Array.from(numbers);
      if (vector.length === 0) throw refused(this.#service, "its answer lacks a vector");
      if (!Array.from(numbers).every(Number.isFinite) || !vector.every(Number.isFinite))
        throw refused(this.#service, "it made a vector that is not of finite numbers");
      return vector;
    });
  }
}
