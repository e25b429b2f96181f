import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { bucketAlias, indexName, jobId } from "../names.ts";
import { textIndex } from "../text/full-text.ts";

export const metric = z.enum(["cosine", "l2", "dot"]).meta({
  description:
    "cosine: distance 0 to 2, score = 1 - distance. l2: squared distance, score = 1 / (1 + distance). dot: distance = 1 - dot product, score = dot product.",
});
export type Metric = z.infer<typeof metric>;

export const indexType = z.enum(["IVF_PQ", "IVF_RQ", "IVF_FLAT", "HNSW_SQ"]);
export type IndexType = z.infer<typeof indexType>;
/** What a job may ask for; `auto` leaves the choice to the planner. */
export const askedIndexType = z.enum([...indexType.options, "auto"]);
export type AskedIndexType = z.infer<typeof askedIndexType>;
/** EXACT: no vector index, every row is compared. */
export const servedIndexType = z.enum([...indexType.options, "EXACT"]);
export type ServedIndexType = z.infer<typeof servedIndexType>;

export const indexParameters = z
  .strictObject({
    numPartitions: z.int().min(1).max(65_536).optional(),
    numSubVectors: z.int().min(1).max(limits.maxDimension).optional().meta({ description: "IVF_PQ only" }),
    numBits: z.int().min(1).max(8).optional().meta({ description: "IVF_PQ: 4 or 8; IVF_RQ: 1 to 8" }),
    maxIterations: z.int().min(1).max(1_000).optional(),
    sampleRate: z.int().min(2).max(65_536).optional(),
    m: z.int().min(4).max(128).optional().meta({ description: "HNSW_SQ only" }),
    efConstruction: z.int().min(8).max(2_000).optional().meta({ description: "HNSW_SQ only" }),
  })
  .meta({ id: "IndexParameters" });
export type IndexParameters = z.infer<typeof indexParameters>;

export const searchDefaults = z.object({
  nprobes: z.int().positive().optional(),
  refineFactor: z.int().positive().optional(),
  ef: z.int().positive().optional(),
});
export type SearchDefaults = z.infer<typeof searchDefaults>;

const recallReport = z.object({
  target: z.number(),
  measured: z.number(),
  /** With a filter, by filteredDefaults. */
  filtered: z.number().optional(),
  k: z.int(),
  /** Of other k; entries of old say nothing of it. */
  atK: z.array(z.object({ k: z.int(), measured: z.number(), searchDefaults })).optional(),
  queries: z.int(),
  /** Of the generation it was measured at. */
  version: z.int().nullable().default(null),
});
export type RecallReport = z.infer<typeof recallReport>;

/** A column of an index: its name and its type as Arrow prints it (`Utf8`, `Int32`, `FixedSizeList[100]<Float32>`). */
export const column = z.object({ name: z.string(), type: z.string() });
export type Column = z.infer<typeof column>;

/** A column that has a part in an index, and why it was taken for it. */
const chosenColumn = z.object({ name: z.string(), why: z.string() });
export type ChosenColumn = z.infer<typeof chosenColumn>;
export const chosenColumns = z.object({ id: chosenColumn, vector: chosenColumn });
export type ChosenColumns = z.infer<typeof chosenColumns>;

/** Where a generation is: the table `generation` of the index's database in `bucket`. */
export const generationRef = z.object({
  index: indexName,
  bucket: bucketAlias,
  generation: z.string(),
});
export type GenerationRef = z.infer<typeof generationRef>;

/** What a job asked of an index, so that a later one can plan it anew for more rows. */
const askedIndex = z.object({
  indexType: askedIndexType,
  indexParameters,
  filterColumns: z.array(z.string()).default([]),
  /** Of these, those that no job named. */
  unaskedFilterColumns: z.array(z.string()).optional(),
  fullText: z.array(textIndex).optional(),
});
export type AskedIndex = z.infer<typeof askedIndex>;

const claim = z.object({
  job: jobId,
  generation: z.string(),
  bucket: bucketAlias,
  since: z.string(),
  /** The job is being discarded and can no longer publish. */
  lost: z.boolean().optional(),
  /** The attempt at its publication that goes on: nothing of the job writes to the generation any more. */
  publishing: z.string().optional(),
});
export type Claim = z.infer<typeof claim>;

/** By what its vectors were made of a column of text; its dimension is that of the publication. */
export const indexEmbedding = z.object({ provider: z.string(), model: z.string(), column: z.string() });
export type IndexEmbedding = z.infer<typeof indexEmbedding>;

/** What is published of an index; all of it is replaced by one conditional PUT. */
export const publication = z.object({
  generation: z.string(),
  bucket: bucketAlias,
  dimension: z.int(),
  metric,
  vectorColumn: z.string(),
  idColumn: z.string(),
  columns: z.array(column),
  chosenColumns: chosenColumns.optional(),
  indexType: servedIndexType,
  indexParameters,
  /** Of older ones it is not known. */
  asked: askedIndex.optional(),
  /** Of its columns, those whose texts are searched. */
  fullText: z.array(textIndex).optional(),
  reasons: z.array(z.string()),
  searchDefaults,
  /** Of an index on an object store whose searchDefaults refine. */
  unrefinedDefaults: searchDefaults.optional(),
  filteredDefaults: searchDefaults.optional(),
  recall: recallReport,
  rows: z.int(),
  skippedRows: z.int().optional(),
  /** Of an index whose vectors were given there is none. */
  embedding: indexEmbedding.optional(),
  source: z.string(),
  publishedAt: z.string(),
  /** Of its table then; of older ones it is that of its recall, or a little later. */
  version: z.int().optional(),
  /** That published it; none of an index that was made without one. */
  job: jobId.optional(),
});
export type Publication = z.infer<typeof publication>;

/**
 * An index as the registry stores it; what is shown of it is another schema. A dropped one stays as a tombstone, so that
 * the numbers of its generations are never used again: a late write to `g3` can then never reach a reader.
 */
export const indexEntry = z.object({
  name: indexName,
  state: z.enum(["building", "ready", "dropped"]),
  published: publication.nullable(),
  lastGeneration: z.int(),
  /** The job that is building the next generation. */
  claim: claim.nullable(),
  retiring: z.array(
    z.object({
      generation: z.string(),
      bucket: bucketAlias,
      since: z.string(),
      /** Its version when it was replaced. */
      version: z.int().nullable().default(null),
      /** When it was published, and what by. */
      publishedVersion: z.int().optional(),
      publishedAt: z.string().optional(),
      job: jobId.optional(),
      writtenTo: z.boolean().default(false),
      /** Until when containers may go on to serve it, where the index had a window of its own when it was replaced. */
      servedUntil: z.string().optional(),
    }),
  ),
  /** How old an eventual answer may be; without it, as containers are told. */
  maxStalenessMs: z.int().min(0).optional(),
  /** Until when containers may go by a longer window, which they saw before it was made shorter. */
  staleUntil: z.string().optional(),
  /** How long versions stay that others have taken the place of; without it the usual time. */
  retentionDays: z.number().positive().optional(),
  /** From how much that was written on a job takes it in; what is left out is as usual. */
  upkeep: z
    .object({
      rows: z.int().positive().optional(),
      share: z.number().positive().optional(),
      deletedShare: z.number().positive().optional(),
    })
    .optional(),
  /** The first documents that are written tell its columns: of its table none count as long as that has no rows. */
  infersColumns: z.boolean().optional(),
  /** Digests of the Idempotency-Key and of the request that made it without a job. */
  created: z.object({ key: z.string(), request: z.string() }).optional(),
  createdAt: z.string(),
  updatedAt: z.string(),
  lastJob: jobId.nullable(),
});
export type IndexEntry = z.infer<typeof indexEntry>;

/** An index that was dropped leaves its number alone to the next of its name. */
export const anew = {
  state: "building",
  maxStalenessMs: undefined,
  staleUntil: undefined,
  retentionDays: undefined,
  upkeep: undefined,
  created: undefined,
  infersColumns: undefined,
} as const;
