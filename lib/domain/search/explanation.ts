import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { toldCost, toldCounts } from "../cost/cost-schema.ts";
import { servedIndexType } from "../index/index-entry.ts";

export const explain = z.boolean().optional().meta({
  description:
    "The answer says how it was found: steps, partitions, rows compared, requests, bytes, times and cost. Each kind of search is done once more for it",
});

const count = z.int().min(0);
const ms = z.number().min(0);

const operator = z.strictObject({
  depth: count.meta({ description: "Of those whose rows it takes, which follow with a depth of one more" }),
  name: z.string().max(limits.maxOperatorName),
  ms: ms.optional(),
  rows: count.optional().meta({ description: "That it gives" }),
  comparisons: count.optional().meta({ description: "Of codes, keys or words, in an index" }),
  partitions: count.optional(),
  rowsRead: count.optional(),
  requests: count.optional(),
  bytesRead: count.optional(),
});
export type Operator = z.infer<typeof operator>;

export const searchWork = z
  .strictObject({
    searches: z.int().min(1).meta({
      description: "2 where the partitions of nprobes held fewer than k hits, so that all were searched",
    }),
    partitions: count.optional().meta({ description: "Of the vector index that were searched" }),
    comparedByIndex: count.optional().meta({ description: "Rows whose codes, or words, an index compared" }),
    comparedByVectors: count.optional().meta({
      description:
        "Rows whose vectors were compared: candidates that are refined, those that no index holds, or all",
    }),
    rowsRead: count.meta({ description: "Rows of which columns were read, for filters and for hits" }),
    operators: z
      .array(operator)
      .max(limits.maxOperators)
      .meta({ description: "LanceDB's plan, from its result down, without filters, vectors and paths" }),
  })
  .meta({
    id: "SearchWork",
    description:
      "As LanceDB counts when it does the same once more: numbers from 1,000 on to three digits, and of caches that are filled",
  });
export type SearchWork = z.infer<typeof searchWork>;

const step = z.strictObject({
  step: z.enum(["vector", "text", "documents", "page", "counts"]).meta({
    description:
      "vector, text: a search of that leg. documents: columns of hits. page: documents of a query. counts: count and facets",
  }),
  startMs: ms.meta({ description: "Since the request was begun" }),
  ms,
  found: count.meta({ description: "Hits, documents or counted rows" }),
  filtered: z.boolean().optional().meta({
    description:
      "Whether rows are left out by a filter: always before others are compared (prefilter), never after",
  }),
  k: count.optional(),
  queries: count.optional().meta({ description: "That were searched for together" }),
  exact: z.boolean().optional(),
  range: z.boolean().optional(),
  nprobes: count.optional(),
  refineFactor: count.optional(),
  ef: count.optional(),
  ranking: z.enum(["bm25", "own-rows"]).optional().meta({
    description: "own-rows: of a key with a filter, by nothing but its own rows",
  }),
  ordered: z.boolean().optional(),
  work: searchWork.optional().meta({ description: "Of the first step of its kind" }),
});
export type ExplainedStep = z.infer<typeof step>;

export const withholdable = ["index", "work", "cost"] as const;

export const explanation = z
  .strictObject({
    index: z
      .strictObject({
        type: servedIndexType,
        rows: count.meta({ description: "When it was published" }),
        partitions: count.optional(),
        unindexedRows: count.optional().meta({ description: "Which searches by vector compare one by one" }),
      })
      .optional(),
    readFrom: z.enum(["folder", "store", "copies", "replica"]).meta({
      description:
        "As it was when the search began. copies: parts of the index are on the container's disk, onDisk says which; replica: all of it",
    }),
    steps: z.array(step).max(limits.maxExplainedSteps).meta({ description: "As they began" }),
    moreSteps: count.meta({ description: "Which there was no room for" }),
    cost: toldCost
      .optional()
      .meta({ description: "Of the search, without what explaining it took (docs/cost.md)" }),
    explaining: z
      .strictObject({ ms, store: toldCounts.optional() })
      .meta({ description: "What doing it once more took, which is in no other figure but totals outside" }),
    withheld: z.array(z.enum(withholdable)).meta({
      description:
        "What the key is not told. index, work: of a key with a filter, as these tell of all rows. cost: of a key that has no grant on *, as requests of a container tell of all indexes",
    }),
  })
  .meta({ id: "Explanation" });
export type Explanation = z.infer<typeof explanation>;
