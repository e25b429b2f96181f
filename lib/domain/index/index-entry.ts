import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { bucketAlias, indexName, jobId } from "../names.ts";

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

export const searchDefaults = z.strictObject({
  nprobes: z.int().positive().optional(),
  refineFactor: z.int().positive().optional(),
  ef: z.int().positive().optional(),
});
export type SearchDefaults = z.infer<typeof searchDefaults>;

export const recallReport = z.strictObject({
  target: z.number(),
  measured: z.number(),
  filtered: z.number().optional().meta({
    description:
      "With a filter that one row in 97 matches, of fewer than 19,400 rows more; by filteredDefaults",
  }),
  k: z.int(),
  atK: z
    .array(z.strictObject({ k: z.int(), measured: z.number(), searchDefaults }))
    .optional()
    .meta({
      description:
        "For 1, 10 and 100 hits the recall and the defaults that it was measured with; those of other k lie between. Entries of old say nothing of it",
    }),
  queries: z.int(),
  version: z.int().nullable().default(null).meta({ description: "Of the generation it was measured at" }),
});
export type RecallReport = z.infer<typeof recallReport>;

/** A column of an index: its name and its type as Arrow prints it (`Utf8`, `Int32`, `FixedSizeList[100]<Float32>`). */
export const column = z.strictObject({ name: z.string(), type: z.string() });
export type Column = z.infer<typeof column>;

/** A column that has a part in an index, and why it was taken for it. */
export const chosenColumn = z.strictObject({ name: z.string(), why: z.string() });
export type ChosenColumn = z.infer<typeof chosenColumn>;
export const chosenColumns = z.strictObject({ id: chosenColumn, vector: chosenColumn });
export type ChosenColumns = z.infer<typeof chosenColumns>;

/** Where a generation is: the table `generation` of the index's database in `bucket`. */
export const generationRef = z.strictObject({
  index: indexName,
  bucket: bucketAlias,
  generation: z.string(),
});
export type GenerationRef = z.infer<typeof generationRef>;

/** What a job asked of an index, so that a later one can plan it anew for more rows. */
export const askedIndex = z.strictObject({
  indexType: askedIndexType,
  indexParameters,
  filterColumns: z.array(z.string()).default([]),
  unaskedFilterColumns: z
    .array(z.string())
    .optional()
    .meta({ description: "Of filterColumns, those that no job named: filters are likely to be about them" }),
});
export type AskedIndex = z.infer<typeof askedIndex>;

const claim = z.strictObject({
  job: jobId,
  generation: z.string(),
  bucket: bucketAlias,
  since: z.string(),
  lost: z.boolean().optional().meta({ description: "The job is being discarded and can no longer publish" }),
  publishing: z.string().optional().meta({
    description:
      "The attempt at its publication that goes on: nothing of the job writes to the generation any more",
  }),
});
export type Claim = z.infer<typeof claim>;

/** What is published of an index; all of it is replaced by one conditional PUT. */
export const publication = z.strictObject({
  generation: z.string(),
  bucket: bucketAlias,
  dimension: z.int(),
  metric,
  vectorColumn: z.string(),
  idColumn: z.string(),
  columns: z.array(column),
  chosenColumns: chosenColumns.optional().meta({
    description: "How its id and vector columns were found in the source; of older ones it is not known",
  }),
  indexType: servedIndexType,
  indexParameters,
  asked: askedIndex
    .optional()
    .meta({ description: "What its job asked for; parameters that are not there were derived" }),
  reasons: z.array(z.string()).meta({ description: "Why these parameters" }),
  searchDefaults,
  unrefinedDefaults: searchDefaults.optional().meta({
    description:
      "On S3, where searchDefaults refine: settings that reach the target without it, for searches of a container that has no copy of the vectors yet",
  }),
  filteredDefaults: searchDefaults.optional().meta({
    description: "For searches with a filter: settings that reach the target with that of recall.filtered",
  }),
  recall: recallReport,
  rows: z.int(),
  skippedRows: z.int().optional().meta({ description: "Of the source, left out for their vectors" }),
  source: z.string(),
  publishedAt: z.string(),
});
export type Publication = z.infer<typeof publication>;

/**
 * An index in the registry. A dropped one stays as a tombstone, so that the numbers of its generations are never
 * used again: a late write to `g3` can then never reach a reader.
 */
export const indexEntry = z.strictObject({
  name: indexName,
  state: z.enum(["building", "ready", "dropped"]),
  published: publication.nullable(),
  lastGeneration: z.int(),
  claim: claim.nullable().meta({ description: "The job that is building the next generation" }),
  retiring: z.array(
    z.strictObject({
      generation: z.string(),
      bucket: bucketAlias,
      since: z.string(),
      version: z.int().nullable().default(null).meta({ description: "Its version when it was replaced" }),
      writtenTo: z.boolean().default(false).meta({
        description: "Somebody wrote to it after it was replaced: it stays, so that those rows are not lost",
      }),
    }),
  ),
  createdAt: z.string(),
  updatedAt: z.string(),
  lastJob: jobId.nullable(),
});
export type IndexEntry = z.infer<typeof indexEntry>;

/** What a list shows of an entry that cannot be read. */
export const damagedEntry = z.strictObject({ name: indexName, state: z.literal("damaged") }).meta({
  id: "DamagedEntry",
  description: "What is stored of the index cannot be read; GET /indexes/{index} says what helps",
});
export const listedEntry = z.union([indexEntry, damagedEntry]);
export type ListedEntry = z.infer<typeof listedEntry>;
