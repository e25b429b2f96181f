import type { EmbedderSettings } from "../../config/providers.ts";
import type { Embedder } from "../../domain/embedding/providers.ts";
import type { Service } from "./ask-service.ts";
import { BatchedEmbedder, type EmbeddingModel } from "./batched-embedder.ts";
import { BedrockModel } from "./bedrock-model.ts";
import { OpenAiModel } from "./openai-model.ts";

/** An embedder of the kind that is declared. */
export function openEmbedder(name: string, settings: EmbedderSettings): Embedder {
  const service: Service = {
    what: `embedding provider "${name}"`,
    timeoutMs: settings.timeoutMs,
    unavailable: "EmbeddingUnavailable",
    refused: "EmbeddingRefused",
  };
  return new BatchedEmbedder(settings, service, modelOf(settings, service));
}

function modelOf(settings: EmbedderSettings, service: Service): EmbeddingModel {
  if (settings.service.kind === "http") return new OpenAiModel(settings, service, settings.service);
  return new BedrockModel(settings, service, settings.service);
}
