import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { columnName } from "../names.ts";
import { highlight } from "../text/highlight.ts";
import { textQuery } from "../text/text-query.ts";
import { filter } from "../values/filter.ts";
import { areSeveralVectors, noSeveralVectors } from "../values/several-vectors.ts";
import { distanceRange } from "./distance-range.ts";
import { explain } from "./explanation.ts";
import { tallyFields } from "./facets.ts";
import { asOf, consistency, minGeneration, minVersion } from "./freshness.ts";
import { groupBy } from "./group-by.ts";

export const docId = z
  .string()
  .min(1)
  .max(limits.maxDocIdLength)
  .refine((id) => id.isWellFormed(), "must be well-formed Unicode")
  .meta({
    description:
      "Id of a document, percent-encoded. What no path can carry, . and .. above all, is fetched by batch-get",
    example: "w08397",
  });

/** Names of columns a caller wants back. */
export const columnList = z.array(columnName).max(limits.maxColumns);

/**
 * A query vector: an array of finite numbers, left as it was parsed. Zod's own array copies it number by number, which
 * took longer than all other checks of a request together.
 */
export const askedVector: z.ZodType<number[]> = z
  .any()
  .check(({ value, issues }) => {
    for (const { path, message } of vectorProblems(value))
      issues.push({ code: "custom", path, message, input: value });
  })
  .meta({
    description: "Query vector of the index's dimension; finite float32 numbers",
    type: "array",
    items: { type: "number" },
    minItems: 1,
    maxItems: limits.maxDimension,
  });

function vectorProblems(vector: unknown): { path: number[]; message: string }[] {
  if (!Array.isArray(vector)) return [{ path: [], message: "must be an array of numbers" }];
  if (vector.length === 0) return [{ path: [], message: "must hold at least one number" }];
  if (vector.length > limits.maxDimension)
    return [{ path: [], message: `has ${vector.length} numbers, at most ${limits.maxDimension}` }];
  if (areSeveralVectors(vector)) return [{ path: [], message: noSeveralVectors }];
  const wrong: number[] = [];
  for (let i = 0; i < vector.length; i++) if (!Number.isFinite(vector[i])) wrong.push(i);
  return wrongNumbers(wrong);
}

/** As many as an error has room for, the last of which counts the others. */
function wrongNumbers(places: number[]): { path: number[]; message: string }[] {
  const named = places.length > limits.maxIssues ? limits.maxIssues - 1 : places.length;
  const problems = places.slice(0, named).map((i) => ({ path: [i], message: "must be a finite number" }));
  const more = places.length - named;
  return more === 0
    ? problems
    : [...problems, { path: [], message: `${more} more of its numbers are not finite` }];
}

export const legNames = ["vector", "text"] as const;
export type LegName = (typeof legNames)[number];
const legs = z.array(z.enum(legNames)).min(1).max(legNames.length);

const weight = z.number().min(0).max(limits.maxFusionWeight).default(1);

/** How the hits of both legs become one list. */
export const fusion = z
  .strictObject({
    fusion: z.enum(["rrf", "weighted"]).default("rrf"),
    rrfK: z
      .int()
      .min(1)
      .max(limits.maxFusionK)
      .optional()
      .meta({
        description: `rrf only: a document has the sum of weight / (rrfK + its rank in a leg); without it ${limits.fusionK}`,
      }),
    weights: z
      .strictObject({ vector: weight, text: weight })
      .refine(({ vector, text }) => vector + text > 0, "one of them must be more than 0")
      .optional()
      .meta({ description: "What each leg counts" }),
    candidates: z
      .int()
      .min(1)
      .max(limits.maxK)
      .optional()
      .meta({
        description: `Hits of each leg that are fused, k at least; without it ${limits.fusedCandidatesPerHit} times k`,
      }),
  })
  .meta({
    id: "Fusion",
    description:
      "rrf: by ranks alone. weighted: the weighted sum of the legs' scores, of which the best of a leg becomes 1 and its last 0",
  });
export type Fusion = z.output<typeof fusion>;

export const searchRequest = z
  .strictObject({
    vector: askedVector.optional(),
    text: textQuery.optional().meta({
      description:
        "Words that documents are found by in full-text columns, ranked by BM25; of an index with an embedding provider a string is made a vector, too, where none is given",
    }),
    legs: legs.optional().meta({
      description: "Of vector and text, what is searched by; without it whatever the request has",
    }),
    hybrid: fusion.optional().meta({ description: "For requests that search by vector and text" }),
    highlight: highlight.optional(),
    docId: docId.optional().meta({
      description: "In place of a vector: that of this document, by which its neighbours are found",
      example: "w08397",
    }),
    includeSelf: z.boolean().optional().meta({ description: "Whether the document of docId is a hit, too" }),
    k: z.int().min(1).max(limits.maxK).default(limits.defaultK).meta({ description: "How many hits" }),
    rerank: z
      .strictObject({
        provider: z.string().min(1).max(limits.maxProviderNameLength),
        column: columnName.meta({ description: "Of text, by which hits are compared with the query" }),
        query: z.string().min(1).max(limits.maxEmbeddedTextLength).optional().meta({
          description: "The search's own text without it",
        }),
        candidates: z.int().min(1).max(limits.maxRerankCandidates).optional().meta({
          description: "How many of the nearest are compared; four times k without it, 100 or k at most",
        }),
        optional: z.boolean().default(false).meta({
          description:
            "Where the reranker fails hits come as they were found, and performance.reranked is false",
        }),
      })
      .optional()
      .meta({ description: "The nearest in the order that a reranker of lakehouse.toml gives them" }),
    filter: filter.optional(),
    select: columnList.optional().meta({ description: "Columns of the hits; all but the vector without it" }),
    nprobes: z.int().min(1).max(limits.maxNprobes).optional().meta({
      description: "Partitions to search; without it the number the index was verified with",
    }),
    refineFactor: z.int().min(1).max(limits.maxRefineFactor).optional().meta({
      description: "k times this many candidates are compared again with their full vectors",
    }),
    exact: z.boolean().optional().meta({
      description:
        "Compares every row that the filter leaves, without a vector index: nothing is missed, and all vectors are read",
    }),
    distanceRange: distanceRange.optional(),
    ef: z.int().min(1).max(limits.maxEf).optional().meta({ description: "HNSW candidates; HNSW_SQ only" }),
    offset: z
      .int()
      .min(0)
      .max(limits.maxSearchDepth)
      .optional()
      .meta({
        description: `Hits that come before the page, with k at most ${limits.maxSearchDepth}; 0 begins pages, too`,
      }),
    cursor: z.string().min(1).max(limits.maxSearchCursorLength).optional().meta({
      description: "In place of an offset: the next of the page before, of the same search",
    }),
    groupBy: groupBy.optional(),
    explain,
    ...tallyFields,
    consistency: consistency.default("eventual"),
    minVersion: minVersion.optional(),
    minGeneration: minGeneration.optional(),
    asOf: asOf.optional(),
  })
  .meta({ id: "SearchRequest" });
export type SearchRequest = z.output<typeof searchRequest>;
