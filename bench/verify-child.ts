import { container } from "../lib/container.ts";
import type { Publication } from "../lib/domain/index/index-entry.ts";
import { publishedOf } from "../lib/domain/index/published.ts";
import type { Plan } from "../lib/domain/jobs/plan.ts";
import { verifyGeneration } from "../lib/domain/recall/verify-generation.ts";
import { answerParent } from "./child.ts";
import { timed } from "./percentiles.ts";
import type { Verification } from "./results.ts";

interface Input {
  index: string;
  targetRecall: number;
}

const context = { signal: new AbortController().signal, remainingMs: () => Number.POSITIVE_INFINITY };

/** Measures the recall of a published index once more, in a process of its own, as its job did. */
async function verify({ index, targetRecall }: Input): Promise<Verification> {
  const { registry, generations, probes } = container();
  const published = publishedOf((await registry.get(index)).value);
  const built = {
    type: published.indexType,
    parameters: published.indexParameters,
    reasons: published.reasons,
  };
  const wanted = { metric: published.metric, targetRecall, rows: published.rows, isOnStore: false };
  const before = process.cpuUsage();
  const { result, ms } = await timed(() =>
    verifyGeneration({ generations, probes }, placeOf(index, published), built, wanted, context),
  );
  const { user, system } = process.cpuUsage(before);
  const { recall, searchDefaults, filteredDefaults } = result;
  return {
    ms,
    cpuMs: (user + system) / 1_000,
    queries: recall.queries,
    recall: recall.measured,
    searchDefaults,
    ...(filteredDefaults ? { filteredDefaults } : {}),
  };
}

function placeOf(index: string, published: Publication): Pick<Plan, "ref" | "target"> {
  const { bucket, generation, idColumn, vectorColumn, dimension, columns, metric } = published;
  return {
    ref: { index, bucket, generation },
    target: { idColumn, vectorColumn, dimension, columns, refuseZeroVectors: metric === "cosine" },
  };
}

await answerParent(verify);
