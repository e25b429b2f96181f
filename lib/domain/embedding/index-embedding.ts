import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { badRequest, DomainError } from "../errors.ts";
import type { IndexEmbedding, Publication } from "../index/index-entry.ts";
import { listed } from "../listed.ts";
import { columnName } from "../names.ts";
import type { Embedder, Providers, TextKind, Waiting } from "./providers.ts";

/** Which provider makes an index's vectors of which column's texts. */
export const askedEmbedding = z
  .strictObject({
    provider: z
      .string()
      .min(1)
      .max(limits.maxProviderNameLength)
      .meta({ description: "A name that lakehouse.toml gives to an embedding provider" }),
    column: columnName.meta({ description: "A column of text" }),
  })
  .meta({
    id: "AskedEmbedding",
    description:
      "Vectors are made of a column's text by this provider, where they are not given: of documents, of Parquet files that have none, and of a search's text",
  });

/** What of an index its vectors have to fit. */
export type EmbeddedForm = Pick<Publication, "dimension" | "metric" | "embedding">;

/** A provider by the name that a request gives it. @throws BadRequest naming those that there are */
export function declaredEmbedder(providers: Providers, name: string, path: string): Embedder {
  const embedder = providers.embedder(name);
  if (embedder) return embedder;
  const known = providers.embedders.length > 0 ? listed([...providers.embedders]) : "none";
  throw badRequest({ path, message: `is no embedding provider of lakehouse.toml; declared are: ${known}` });
}

/** Of the vectors that a provider will make. @throws BadRequest where nobody says it, or both say another */
export function embeddedDimension(
  { dimension: declared }: Embedder,
  { provider }: { provider: string },
  told: number | undefined,
): number {
  const dimension = told ?? declared;
  if (dimension === undefined)
    throw badRequest({ path: "dimension", message: `must be given: provider "${provider}" declares none` });
  if (declared === undefined || declared === dimension) return dimension;
  const message = `is ${dimension}, and provider "${provider}" makes vectors of ${declared}`;
  throw badRequest({ path: "dimension", message });
}

/**
 * Vectors of texts, as those of the index were made.
 * @param texts each of at least one character
 * @returns of its dimension, in the order of the texts
 * @throws EmbeddingMismatch where the provider is not what it was when the index was made, EmbeddingUnavailable, EmbeddingRefused
 */
export async function embedFor(
  providers: Providers,
  form: EmbeddedForm & { embedding: IndexEmbedding },
  texts: readonly string[],
  kind: TextKind,
  waiting: Waiting,
): Promise<Float32Array[]> {
  const embedder = sameEmbedder(providers, form);
  if (texts.length === 0) return [];
  const vectors = await embedder.embed(texts, kind, waiting);
  for (const vector of vectors) refuseUnfit(vector, form);
  return vectors;
}

/** @throws EmbeddingMismatch */
function sameEmbedder(
  providers: Providers,
  { embedding, dimension }: EmbeddedForm & { embedding: IndexEmbedding },
): Embedder {
  const { provider, model } = embedding;
  const embedder = providers.embedder(provider);
  if (!embedder)
    throw mismatch(`the index was made by provider "${provider}", which lakehouse.toml does not declare`);
  if (embedder.model !== model)
    throw mismatch(
      `the index holds vectors of model "${model}", and provider "${provider}" has "${embedder.model}" now`,
    );
  if (embedder.dimension !== undefined && embedder.dimension !== dimension)
    throw mismatch(
      `the index holds vectors of dimension ${dimension}, and provider "${provider}" is told to make ${embedder.dimension}`,
    );
  return embedder;
}

/** Of another dimension, or one that has no distance to others. @throws EmbeddingMismatch, EmbeddingRefused */
function refuseUnfit(vector: Float32Array, { dimension, metric, embedding }: EmbeddedForm): void {
  if (vector.length !== dimension)
    throw mismatch(
      `the index holds vectors of dimension ${dimension}, and provider "${embedding?.provider}" made one of ${vector.length}`,
    );
  const squared = vector.reduce((sum, one) => sum + one * one, 0);
  const isShort = squared < limits.leastSquaredLength && (squared > 0 || metric === "cosine");
  if (isShort || squared > limits.maxSquaredLength)
    throw new DomainError(
      "EmbeddingRefused",
      `provider "${embedding?.provider}" made a vector that has no distance to others: its length is ${Math.sqrt(squared)}`,
    );
}

const remedy =
  "Declare the provider as it was, or embed the source anew by a migrate job that names the provider of now";

const mismatch = (what: string) => new DomainError("EmbeddingMismatch", `${what}. ${remedy}`);
