import type { EmbedderSettings } from "../../config/providers.ts";
import type { Embedder, Providers } from "../../domain/embedding/providers.ts";

/** The declared providers. What asks them is loaded with the first request: most functions never do. */
export function declaredProviders(declared: ReadonlyMap<string, EmbedderSettings>): Providers {
  const embedders = new Map([...declared].map(([name, settings]) => [name, lazyEmbedder(name, settings)]));
  return { embedder: (name) => embedders.get(name), embedders: [...embedders.keys()] };
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
