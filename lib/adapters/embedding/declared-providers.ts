import type { EmbedderSettings, RerankerSettings } from "../../config/providers.ts";
import type { Embedder, Providers, Reranker } from "../../domain/embedding/providers.ts";

/** The declared providers. What asks them is loaded with the first request: most functions never do. */
export function declaredProviders(
  declared: ReadonlyMap<string, EmbedderSettings>,
  scoring: ReadonlyMap<string, RerankerSettings> = new Map(),
): Providers {
  const rerankers = new Map([...scoring].map(([name, settings]) => [name, lazyReranker(name, settings)]));
  const embedders = new Map([...declared].map(([name, settings]) => [name, lazyEmbedder(name, settings)]));
  return {
    ...{ embedder: (name) => embedders.get(name), embedders: [...embedders.keys()] },
    ...{ reranker: (name) => rerankers.get(name), rerankers: [...rerankers.keys()] },
  };
}

function lazyReranker(name: string, settings: RerankerSettings): Reranker {
  let loaded: Promise<Reranker> | undefined;
  return {
    model: settings.model,
    rerank: async (query, texts, waiting) => {
      loaded ??= import("./open-reranker.ts").then(({ openReranker }) => openReranker(name, settings));
      return (await loaded).rerank(query, texts, waiting);
    },
  };
}

function lazyEmbedder(name: string, settings: EmbedderSettings): Embedder {
  let loaded: Promise<Embedder> | undefined;
  const { model, dimension } = settings;
  return {
    ...{ model, dimension },
    embed: async (texts, kind, waiting) => {
      loaded ??= import("./open-embedder.ts").then(({ openEmbedder }) => openEmbedder(name, settings));
      return (await loaded).embed(texts, kind, waiting);
    },
  };
}
