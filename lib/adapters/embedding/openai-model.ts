import type { EmbedderSettings, HttpService } from "../../config/providers.ts";
import type { TextKind, Waiting } from "../../domain/embedding/providers.ts";
import { askService, refused, type Service } from "./ask-service.ts";
import type { EmbeddingModel, Vectors } from "./batched-embedder.ts";
import { type Bearer, bearerOf } from "./bearer.ts";

/** Any endpoint that speaks OpenAI's `POST …/embeddings`: OpenAI, Azure, vLLM, TEI, Ollama, LiteLLM and others. */
export class OpenAiModel implements EmbeddingModel {
  readonly #settings: EmbedderSettings;
  readonly #service: Service;
  readonly #url: string;
  readonly #bearer: Bearer;

  constructor(settings: EmbedderSettings, service: Service, http: HttpService) {
    this.#settings = settings;
    this.#service = service;
    this.#url = `${http.url.replace(/\/+$/, "")}/embeddings`;
    this.#bearer = bearerOf(http, service);
  }

  async embed(texts: readonly string[], _: TextKind, waiting: Waiting): Promise<Vectors> {
    const { model, dimension } = this.#settings;
    const asked = {
      model,
      input: texts,
      encoding_format: "base64", // a quarter of the bytes; who does not know it answers numbers
      ...(dimension === undefined ? {} : { dimensions: dimension }),
    };
    const question = {
      url: this.#url,
      headers: () => this.#bearer(waiting),
      body: JSON.stringify(asked),
    };
    return this.#inOrder(texts.length, await askService(this.#service, question, waiting));
  }

  /** By the index that each has, where it has one. */
  #inOrder(texts: number, answer: unknown): Vectors {
    const data = (answer as { data?: unknown } | null)?.data;
    if (!Array.isArray(data)) throw refused(this.#service, "its answer has no data");
    if (data.length !== texts)
      throw refused(this.#service, `it made ${data.length} vectors of ${texts} texts`);
    const vectors: Vectors = Array(texts).fill(undefined);
    for (const [i, one] of data.entries()) {
      const { index = i, embedding } = Object(one) as { index?: unknown; embedding?: unknown };
      const isPlace = Number.isInteger(index) && Number(index) >= 0 && Number(index) < texts;
      if (!isPlace || vectors[Number(index)])
        throw refused(this.#service, "it does not say which text is which");
      vectors[Number(index)] = numbersOf(embedding);
    }
    return vectors;
  }
}

/** As they are, or as base64 of little-endian float32. */
function numbersOf(embedding: unknown): ArrayLike<number> | undefined {
  if (Array.isArray(embedding)) return embedding as number[];
  if (typeof embedding !== "string") return undefined;
  const bytes = Buffer.from(embedding, "base64");
  if (bytes.length % 4 !== 0) return undefined;
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
}
