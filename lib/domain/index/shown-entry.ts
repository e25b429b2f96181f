import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { bucketAlias, indexName, jobId } from "../names.ts";
import { droppingUnknown } from "../stored/unknown-fields.ts";
import { textIndex } from "../text/full-text.ts";
import { askedIndexType, type IndexEntry, indexParameters, metric, servedIndexType } from "./index-entry.ts";

const searchDefaults = z.strictObject({
  nprobes: z.int().positive().optional(),
  refineFactor: z.int().positive().optional(),
  ef: z.int().positive().optional(),
});

export const shownRecall = z.strictObject({
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

const column = z.strictObject({ name: z.string(), type: z.string() });

const chosenColumn = z.strictObject({ name: z.string(), why: z.string() });
export const shownColumns = z.strictObject({ id: chosenColumn, vector: chosenColumn });

const shownTextIndex = z.strictObject(textIndex.shape);

const askedIndex = z.strictObject({
  indexType: askedIndexType,
  indexParameters,
  filterColumns: z.array(z.string()).default([]),
  unaskedFilterColumns: z
    .array(z.string())
    .optional()
    .meta({ description: "Of filterColumns, those that no job named: filters are likely to be about them" }),
  fullText: z.array(shownTextIndex).optional(),
});

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

const publication = z.strictObject({
  generation: z.string(),
  bucket: bucketAlias,
  dimension: z.int(),
  metric,
  vectorColumn: z.string(),
  idColumn: z.string(),
  columns: z.array(column),
  chosenColumns: shownColumns.optional().meta({
    description: "How its id and vector columns were found in the source; of older ones it is not known",
  }),
  indexType: servedIndexType,
  indexParameters,
  asked: askedIndex
    .optional()
    .meta({ description: "What its job asked for; parameters that are not there were derived" }),
  fullText: z.array(shownTextIndex).optional().meta({
    description: "Columns whose texts are searched, and how each is cut; what was not told was decided",
  }),
  reasons: z.array(z.string()).meta({ description: "Why these parameters" }),
  searchDefaults,
  unrefinedDefaults: searchDefaults.optional().meta({
    description:
      "On S3, where searchDefaults refine: settings that reach the target without it, for searches of a container that has no copy of the vectors yet",
  }),
  filteredDefaults: searchDefaults.optional().meta({
    description: "For searches with a filter: settings that reach the target with that of recall.filtered",
  }),
  recall: shownRecall,
  rows: z.int(),
  skippedRows: z.int().optional().meta({ description: "Of the source, left out for their vectors" }),
  embedding: z.strictObject({ provider: z.string(), model: z.string(), column: z.string() }).optional().meta({
    description:
      "By which provider of lakehouse.toml, and which model of it, vectors are made of a column's text; at every use both have to be the same",
  }),
  source: z.string(),
  publishedAt: z.string(),
});

/** What is shown of an index in the registry: a field that is stored is not, before it stands here. */
export const shownEntry = z.strictObject({
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
      servedUntil: z.string().optional().meta({
        description: "Until when searches may still be answered from it, by the index's own maxStalenessMs",
      }),
    }),
  ),
  maxStalenessMs: z.int().nullable().default(null).meta({
    description:
      "How old what an eventual search sees may be, in milliseconds, where that was set for the index; null: 5 s",
  }),
  retentionDays: z
    .number()
    .nullable()
    .default(null)
    .meta({
      description: `How long versions stay that later ones have taken the place of, where that was set for the index; null: ${limits.retentionDays} days`,
    }),
  upkeep: z
    .object({
      rows: z.int().optional(),
      share: z.number().optional(),
      deletedShare: z.number().optional(),
    })
    .nullable()
    .default(null)
    .meta({
      description: "From how much that was written on a job takes it in, where that was set for the index",
    }),
  infersColumns: z
    .boolean()
    .optional()
    .meta({ description: "The first documents that are written tell its columns" }),
  createdAt: z.string(),
  updatedAt: z.string(),
  lastJob: jobId.nullable(),
});

export type ShownEntry = z.infer<typeof shownEntry>;

/** The one way from what is stored to what is shown. */
export function shownOf(entry: IndexEntry): ShownEntry {
  return droppingUnknown(shownEntry).parse(entry);
}

/** What a list shows of an entry that cannot be read. */
export const damagedEntry = z.strictObject({ name: indexName, state: z.literal("damaged") }).meta({
  id: "DamagedEntry",
  description: "What is stored of the index cannot be read; GET /indexes/{index} says what helps",
});

/** What a list shows of an entry in a format that a newer release has brought. */
export const newerEntry = z.strictObject({ name: indexName, state: z.literal("needs-newer-release") }).meta({
  id: "NewerEntry",
  description: "What is stored of the index was written by a newer release, and is left to it",
});
export type ListedEntry = ShownEntry | z.infer<typeof damagedEntry> | z.infer<typeof newerEntry>;
