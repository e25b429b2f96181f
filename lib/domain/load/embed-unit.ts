import { limits } from "../../config/limits.ts";
import { embedFor } from "../embedding/index-embedding.ts";
import type { Providers } from "../embedding/providers.ts";
import type { Metric } from "../index/index-entry.ts";
import { type Plan, plannedFiles } from "../jobs/plan.ts";
import type { DecodedTexts, Unit } from "../source/parquet-source.ts";
import { invalidSources } from "../source/source-layout.ts";
import { placeOf } from "../source/units.ts";
import type { TaskContext } from "../task-context.ts";

/**
 * Makes the vectors of a unit's rows, to where they are missing in it. Its append is the checkpoint: what was appended is
 * never embedded again.
 * @throws SourceInvalid naming rows without text, EmbeddingMismatch, EmbeddingUnavailable, EmbeddingRefused
 */
export async function embedUnit(
  providers: Providers,
  plan: Plan,
  unit: Unit,
  { texts, fill }: DecodedTexts,
  context: TaskContext,
): Promise<void> {
  const { embedding, dimension, refuseZeroVectors } = plan.target;
  if (!embedding) return;
  refuseEmpty(plan, unit, texts);
  const metric: Metric = refuseZeroVectors ? "cosine" : "l2";
  const waiting = {
    timeoutMs: Math.min(limits.embeddedUnitTimeoutMs, context.remainingMs() - limits.deadlineMarginMs),
    signal: context.signal,
  };
  const form = { dimension, metric, embedding };
  fill(await embedFor(providers, form, texts as string[], "document", waiting));
}

function refuseEmpty(plan: Plan, unit: Unit, texts: (string | null)[]): void {
  const file = plannedFiles(plan)[unit.file]?.key ?? "";
  const places = texts.flatMap((text, row) => {
    const length = text?.trim().length ?? 0;
    if (text !== null && length > 0 && text.length <= limits.maxEmbeddedTextLength) return [];
    const message =
      length === 0
        ? "has no text of which to make a vector"
        : `has a text of ${text?.length} characters, of which ${limits.maxEmbeddedTextLength} can be embedded`;
    return [{ path: placeOf(file, unit, row), message }];
  });
  const named = places.slice(0, limits.maxNamedRows);
  if (named.length > 0) throw invalidSources(named, places.length - named.length);
}
