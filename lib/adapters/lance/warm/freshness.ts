import { DomainError } from "../../../domain/errors.ts";
import { generationNumber } from "../../../domain/names.ts";
import type { Freshness } from "../../../domain/search/freshness.ts";
import type { OpenGeneration } from "./index-handle.ts";

/** Versions are of a generation's table: a later generation has all that was acknowledged in one before. */
export function isBefore(
  opened: OpenGeneration | undefined,
  { minVersion = 0, minGeneration }: Freshness,
): boolean {
  if (!opened) return false;
  const served = generationNumber(opened.published.generation);
  const asked = minGeneration === undefined ? served : generationNumber(minGeneration);
  return served < asked || (served === asked && opened.reader.version < minVersion);
}

export function notReached(
  { entry, published, reader }: OpenGeneration,
  { minVersion = 0, minGeneration }: Freshness,
): DomainError {
  const asked = `minVersion asks for ${minVersion}${minGeneration === undefined ? "" : ` of ${minGeneration}`}`;
  const detail = `index "${entry.name}" is at version ${reader.version} of generation ${published.generation}, and ${asked}`;
  return new DomainError("VersionNotReached", detail);
}
