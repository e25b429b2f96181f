import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { askedEmbedding } from "../embedding/index-embedding.ts";
import { askedIndexType, indexParameters, metric } from "../index/index-entry.ts";
import { shownColumns } from "../index/shown-entry.ts";
import { bucketAlias, columnName, indexName, jobId, sourceName } from "../names.ts";
import { askedFullText } from "../text/full-text.ts";
import { type ExportInput, exportInput } from "./export-input.ts";

const common = {
  index: indexName,
  indexType: askedIndexType.default("auto").meta({
    description:
      "auto: the type that builds and searches fastest, by dimension; where it misses the recall finer codes, then none, so that the job reaches it. A type by its name is kept, with finer codes where no parameters name them",
  }),
  indexParameters: indexParameters.default({}),
  filterColumns: z
    .array(columnName)
    .max(limits.maxFilterColumns)
    .optional()
    .meta({
      description: `Columns that searches filter by: each gets a scalar index. Without it a migration takes the first ${limits.likelyFilterColumns} of numbers, booleans and strings of at most ${limits.likelyFilterBytes} bytes on the average, and a build-index job those of the published index`,
    }),
  fullText: askedFullText.optional(),
  targetRecall: z
    .number()
    .min(limits.leastTargetRecall)
    .max(1)
    .default(limits.defaultTargetRecall)
    .meta({ description: `recall@${limits.recallK} that the stored search defaults must reach` }),
};

const columnNames = z.array(z.string().min(1).max(limits.maxColumnNameLength)).max(limits.maxColumns);

export const columnChoice = z
  .strictObject({
    include: columnNames.optional().meta({ description: "These alone" }),
    exclude: columnNames.optional().meta({ description: "All but these" }),
  })
  .meta({
    description:
      "Columns of the source that are carried over, all without it. What is left out is not looked at, whatever it holds; the id and the vector column cannot be",
  });
export type ColumnChoice = z.infer<typeof columnChoice>;

export const onWrites = z.enum(["conflict", "keep", "discard"]).meta({
  description:
    "What becomes of documents that are written to the index while the job runs. conflict: it fails, and they stay. keep: they are carried over to what it loads. discard: they go with what it replaces",
});
export type OnWrites = z.infer<typeof onWrites>;

export const migrateInput = z
  .strictObject({
    type: z.literal("migrate"),
    ...common,
    source: sourceName,
    bucket: bucketAlias.default("primary").meta({ description: "Where the index is written" }),
    metric: metric.default("cosine"),
    vectorColumn: columnName.optional(),
    idColumn: columnName.optional(),
    dimension: z.int().min(1).max(limits.maxDimension).optional(),
    embedding: askedEmbedding.optional(),
    columns: columnChoice.optional(),
    onDuplicate: z.enum(["fail", "keep-last"]).default("fail").meta({
      description: "What to do when a document id is there twice; last is by file name, then row",
    }),
    onBadVector: z.enum(["fail", "skip"]).default("fail").meta({
      description:
        "What to do with rows whose vector is null, of another dimension, not finite, or has no distance to others: skipped ones are counted, and the first named",
    }),
    partitionColumns: z.enum(["add", "ignore"]).default("add").meta({
      description:
        "Whether directories `key=value` of the source become columns: integers where all values are, else strings",
    }),
    onWrites: onWrites.default("conflict"),
    workers: z.int().min(1).max(limits.maxWorkers).default(limits.defaultWorkers),
  })
  .meta({ id: "MigrateJob" });
export type MigrateInput = z.output<typeof migrateInput>;

export const buildIndexInput = z.strictObject({ type: z.literal("build-index"), ...common }).meta({
  id: "BuildIndexJob",
  description: "Builds the published rows into a new generation with another index",
});
export type BuildIndexInput = z.output<typeof buildIndexInput>;

export const optimizeInput = z
  .strictObject({
    type: z.literal("optimize"),
    index: indexName,
    targetRecall: z
      .number()
      .min(limits.leastTargetRecall)
      .max(1)
      .optional()
      .meta({ description: "The published one without it" }),
  })
  .meta({
    id: "OptimizeJob",
    description:
      "Takes rows that LanceDB clients wrote since the last job into the indexes, in a new generation, and measures recall again",
  });
export type OptimizeInput = z.output<typeof optimizeInput>;

export const jobInput = z.discriminatedUnion("type", [
  migrateInput,
  buildIndexInput,
  optimizeInput,
  exportInput,
]);
export type JobInput = z.output<typeof jobInput>;
/** Of jobs that publish a generation. */
export type BuildInput = Exclude<JobInput, ExportInput>;
export type JobType = JobInput["type"];

/** The state machine of a job: an optimization rebuilds, mostly less of it. */
export const machineOf = (type: JobType) => (type === "optimize" ? "build-index" : type);

/** Both as parsed: fields stand in the schema's order. */
export const isSameInput = (a: JobInput, b: JobInput | undefined) => JSON.stringify(a) === JSON.stringify(b);

export const phaseName = z.enum(["plan", "fork", "load", "compact", "build", "verify", "export", "publish"]);
export type PhaseName = z.infer<typeof phaseName>;

const phase = z.strictObject({
  name: phaseName,
  state: z.enum(["running", "done"]),
  startedAt: z.string(),
  ms: z.number(),
  rows: z.int().optional(),
  units: z.int().optional(),
});

const failure = z.strictObject({
  code: z.string(),
  message: z.string(),
  phase: z.string().optional(),
  issues: z.array(z.strictObject({ path: z.string(), message: z.string() })).optional(),
});

const skippedRows = z.strictObject({
  rows: z.int(),
  first: z.array(z.strictObject({ place: z.string(), reason: z.string() })),
});

export const jobState = z.enum(["running", "succeeded", "failed", "cancelled"]);
export type JobState = z.infer<typeof jobState>;

/** What is shown of a job: a field of its documents is not, before it stands here. */
export const job = z
  .strictObject({
    id: jobId,
    type: z.enum(["migrate", "build-index", "optimize", "export"]),
    index: indexName,
    input: jobInput,
    state: jobState,
    phase: phaseName.nullable(),
    phases: z.array(phase),
    rows: z.strictObject({ done: z.int(), total: z.int().nullable() }),
    units: z.strictObject({ done: z.int(), total: z.int().nullable() }),
    generation: z.string().nullable(),
    skipped: skippedRows.nullable().meta({
      description: "Rows that were left out for their vectors; known when the load has been counted",
    }),
    notes: z.array(z.string()).meta({ description: "How the source was taken, where that may surprise" }),
    chosenColumns: shownColumns.nullable().meta({
      description: "The id and the vector column and why they were taken, once the job is planned",
    }),
    error: failure.nullable(),
    createdAt: z.string(),
    endedAt: z.string().nullable(),
  })
  .meta({ id: "Job" });
export type Job = z.infer<typeof job>;

/** What a list shows of a job whose documents cannot be read. */
export const damagedJob = z.strictObject({ id: jobId, state: z.literal("damaged") }).meta({
  id: "DamagedJob",
  description: "What is stored of the job cannot be read",
});

/** What a list shows of a job with a document in a format that a newer release has brought. */
export const newerJob = z.strictObject({ id: jobId, state: z.literal("needs-newer-release") }).meta({
  id: "NewerJob",
  description: "What is stored of the job was written by a newer release, and is left to it",
});
