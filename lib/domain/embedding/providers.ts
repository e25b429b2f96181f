/** What a text is embedded for: models may tell questions from what answers them. */
export type TextKind = "document" | "query";

/** How long whoever asks will wait. */
export interface Waiting {
  timeoutMs: number;
  /** Once it is aborted nothing more is begun. */
  signal?: AbortSignal | undefined;
}

/** Makes vectors of texts by one model of a provider that the operator has declared. */
export interface Embedder {
  readonly model: string;
  /** Of its vectors, where the operator says it; without it the model's own. */
  readonly dimension?: number | undefined;
  /**
   * @returns a vector for each text, in their order, of finite numbers
   * @throws EmbeddingUnavailable, EmbeddingRefused
   */
  embed(texts: readonly string[], kind: TextKind, waiting: Waiting): Promise<Float32Array[]>;
}

/** Says how well texts answer a query. */
export interface Reranker {
  readonly model: string;
  /** @returns a score for each text, in their order: higher is better @throws RerankerUnavailable, RerankerRefused */
  rerank(query: string, texts: readonly string[], waiting: Waiting): Promise<number[]>;
}

/** The providers of `lakehouse.toml`, by the names that requests know them by. */
export interface Providers {
  embedder(name: string): Embedder | undefined;
  /** Names of all embedders. */
  readonly embedders: readonly string[];
  reranker(name: string): Reranker | undefined;
  /** Names of all rerankers. */
  readonly rerankers: readonly string[];
}

export const noProviders: Providers = {
  ...{ embedder: () => undefined, embedders: [] },
  ...{ reranker: () => undefined, rerankers: [] },
};
