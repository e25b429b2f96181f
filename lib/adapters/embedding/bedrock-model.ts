import type { BedrockService, EmbedderSettings } from "../../config/providers.ts";
import type { TextKind, Waiting } from "../../domain/embedding/providers.ts";
import { askService, refused, type Service } from "./ask-service.ts";
import type { EmbeddingModel, Vectors } from "./batched-embedder.ts";
import { BedrockRequests } from "./bedrock-request.ts";

/** Models of Amazon Bedrock by `InvokeModel`: Titan's, which take one text a request, and Cohere's, which take 96. */
export class BedrockModel implements EmbeddingModel {
  readonly mostTexts: number;
  readonly #settings: EmbedderSettings;
  readonly #service: Service;
  readonly #requests: BedrockRequests;
  readonly #family: Family;

  constructor(settings: EmbedderSettings, service: Service, bedrock: BedrockService) {
    this.#settings = settings;
    this.#service = service;
    this.#requests = new BedrockRequests(bedrock);
    this.#family = settings.model.includes("cohere.") ? cohere : titan;
    this.mostTexts = this.#family.mostTexts;
  }

  async embed(texts: readonly string[], kind: TextKind, waiting: Waiting): Promise<Vectors> {
    const { model, dimension } = this.#settings;
    const question = this.#requests.question(model, this.#family.asked(texts, kind, dimension, model));
    const vectors = this.#family.vectors(await askService(this.#service, question, waiting));
    if (!Array.isArray(vectors)) throw refused(this.#service, "its answer has no embeddings");
    return vectors.map((one: unknown) => (Array.isArray(one) ? (one as number[]) : undefined));
  }
}

/** How models of one maker are asked. */
interface Family {
  mostTexts: number;
  asked(texts: readonly string[], kind: TextKind, dimension: number | undefined, model: string): object;
  vectors(answer: unknown): unknown;
}

const titan: Family = {
  mostTexts: 1,
  asked: ([inputText], _, dimensions, model) => ({
    inputText,
    ...(model.includes("titan-embed-text-v1")
      ? {}
      : { normalize: true, ...(dimensions ? { dimensions } : {}) }),
  }),
  vectors: (answer) => [(answer as { embedding?: unknown } | null)?.embedding],
};

/** A dimension is for Cohere's fourth and those after it, which tell vectors by their type. */
const cohere: Family = {
  mostTexts: 96,
  asked: (texts, kind, dimension) => ({
    texts,
    input_type: kind === "query" ? "search_query" : "search_document",
    embedding_types: ["float"],
    ...(dimension ? { output_dimension: dimension } : {}),
  }),
  vectors: (answer) => {
    const embeddings = (answer as { embeddings?: unknown } | null)?.embeddings;
    return Array.isArray(embeddings) ? embeddings : (embeddings as { float?: unknown } | undefined)?.float;
  },
};
