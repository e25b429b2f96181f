import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { highlights } from "../text/highlight.ts";
import { explanation } from "./explanation.ts";
import { tallied } from "./facets.ts";
import { indexParts } from "./reader.ts";

/** How each leg of a hybrid search found a document; a leg that did not is not there. */
const hitLegs = z.strictObject({
  vector: z.strictObject({ rank: z.int(), distance: z.number(), score: z.number() }).optional(),
  text: z.strictObject({ rank: z.int(), score: z.number() }).optional(),
});

export const hit = z
  .looseObject({
    doc_id: z.string(),
    distance: z.number().optional().meta({ description: "Where the vector leg found it" }),
    score: z.number(),
    legs: hitLegs.optional().meta({
      description: "Of a hybrid search: by which legs it was found, at which rank from 1, with which score",
    }),
    highlights: highlights.optional().meta({
      description:
        "Where they are asked for: of each column in which words of the text were found; none of a hit of the vector leg alone",
    }),
  })
  .meta({
    id: "Hit",
    description:
      "The selected columns beside doc_id and score (higher is better): by vector the similarity, by text BM25, by both what their fusion gives",
  });
export type Hit = z.infer<typeof hit>;

/** What an index is read from: the store, with empty or filled caches, or a copy on the container's disk. */
export const cache = z.enum(["cold", "warm", "replica"]);

/** Parts of which all is on the container's disk. */
export const onDisk = z.array(z.enum(indexParts));

/** A duration as answers show it, to the microsecond. */
export const milliseconds = (ms: number) => Math.round(ms * 1000) / 1000;

/** What is told of a search beside its hits. */
export const searchPerformance = z.strictObject({
  cache: cache.meta({
    description:
      "cold: this request opened the index; replica: it was read from a copy on the container's disk",
  }),
  onDisk: onDisk.optional().meta({
    description:
      "Parts of the index of which all was on the container's disk when the search began: the vector index, rows without their vectors, vectors. Absent where the bucket is a folder: nothing is copied",
  }),
  openMs: z.number(),
  embedMs: z.number().optional().meta({ description: "Until the provider had made a vector of the text" }),
  searchMs: z.number(),
  rerankMs: z.number().optional(),
  reranked: z.boolean().optional().meta({
    description: "Whether hits are in the reranker's order, with its rerankScore; null where a text is null",
  }),
  totalMs: z.number(),
  generation: z.string(),
  version: z.int(),
  viewAgeMs: z.int().min(0).meta({
    description:
      "How long before this search the store was asked what the index is: writes that were acknowledged by then are seen",
  }),
  unindexedRows: z.int().min(0).optional().meta({
    description:
      "Rows that no vector index holds, which this search compared one by one; absent where that could not be told",
  }),
  textUnindexedRows: z.int().min(0).optional().meta({
    description:
      "Of a search by text: rows that some index of the columns' text does not hold, whose words this search has read; absent where that could not be told",
  }),
  nprobes: z.int().optional(),
  refineFactor: z.int().optional(),
  ef: z.int().optional(),
});

export const searchResponse = z
  .strictObject({
    hits: z.array(hit),
    next: z
      .string()
      .nullable()
      .optional()
      .meta({
        description: `Where an offset or a cursor was sent: cursor of the next page, on which no hit of the pages before comes again; null on the last, and ${limits.maxSearchDepth} hits deep`,
      }),
    ...tallied,
    performance: searchPerformance,
    explain: explanation.optional(),
  })
  .meta({ id: "SearchResponse" });
export type SearchResponse = z.infer<typeof searchResponse>;

/** A document as the API gives it: `doc_id` and the selected columns. */
export const document = z.looseObject({ doc_id: z.string() }).meta({ id: "Document" });
export type Document = z.infer<typeof document>;
