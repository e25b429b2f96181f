import type { RerankerSettings } from "../../config/providers.ts";
import type { Reranker, Waiting } from "../../domain/embedding/providers.ts";
import { askService, type Question, refused, type Service } from "./ask-service.ts";
import { bearerOf } from "./bearer.ts";
import { BedrockRequests } from "./bedrock-request.ts";

/** Any endpoint that speaks Cohere's `POST …/rerank` (Jina, Voyage, vLLM and others do), or a model of Amazon Bedrock. */
export function openReranker(name: string, settings: RerankerSettings): Reranker {
  const service: Service = {
    what: `reranker "${name}"`,
    timeoutMs: settings.timeoutMs,
    unavailable: "RerankerUnavailable",
    refused: "RerankerRefused",
  };
  const question = questionsOf(settings, service);
  return {
    model: settings.model,
    rerank: async (query, texts, waiting) =>
      scoresOf(service, await askService(service, question(query, texts, waiting), waiting), texts.length),
  };
}

type Asking = (query: string, texts: readonly string[], waiting: Waiting) => Question;

function questionsOf({ model, service }: RerankerSettings, reranker: Service): Asking {
  if (service.kind === "bedrock") {
    const requests = new BedrockRequests(service);
    const version = model.includes("cohere.") ? { api_version: 2 } : {};
    return (query, documents) => requests.question(model, { query, documents, ...version });
  }
  const bearer = bearerOf(service, reranker);
  return (query, documents, waiting) => ({
    url: `${service.url.replace(/\/+$/, "")}/rerank`,
    headers: () => bearer(waiting),
    body: JSON.stringify({ model, query, documents }),
  });
}

/** By the index that each has; Voyage calls the list `data`. @throws RerankerRefused */
function scoresOf(service: Service, answer: unknown, texts: number): number[] {
  const { results, data = results } = Object(answer) as { results?: unknown; data?: unknown };
  if (!Array.isArray(data)) throw refused(service, "its answer has no results");
  const scores = new Map<number, number>();
  for (const one of data) {
    const { index, relevance_score: score } = Object(one) as { index?: unknown; relevance_score?: unknown };
    if (!Number.isFinite(score)) throw refused(service, "it gave a score that is not a finite number");
    scores.set(Number(index), Number(score));
  }
  const all = Array.from({ length: texts }, (_, i) => scores.get(i));
  if (data.length !== texts || all.includes(undefined))
    throw refused(service, `it gave ${scores.size} scores of ${texts} texts`);
  return all as number[];
}
