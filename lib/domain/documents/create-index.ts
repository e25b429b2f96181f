import { z } from "zod";
import { limits } from "../../config/limits.ts";
import type { Buckets } from "../bucket.ts";
import { askedEmbedding, declaredEmbedder, embeddedDimension } from "../embedding/index-embedding.ts";
import type { Providers } from "../embedding/providers.ts";
import { badRequest, DomainError, type Issue } from "../errors.ts";
import { retentionDays, upkeep } from "../index/change-index.ts";
import type { Generations } from "../index/generations.ts";
import {
  anew,
  askedIndexType,
  type Column,
  type GenerationRef,
  type IndexEmbedding,
  type IndexEntry,
  metric,
  type Publication,
} from "../index/index-entry.ts";
import type { IndexRegistry } from "../index/index-registry.ts";
import { bucketAlias, columnName, indexName } from "../names.ts";
import type { Stores } from "../object-store.ts";
import type { Clock } from "../task-context.ts";
import { askedFullText, resolvedFullText, type TextIndex, textIssues } from "../text/full-text.ts";
import { unlessRaced } from "../unless-raced.ts";
import { unfitName } from "../values/column-name.ts";
import { holdsSeveralVectors, noSeveralVectors } from "../values/several-vectors.ts";
import type { DocumentTables } from "./document-tables.ts";
import type { KeyedWrite } from "./stored-turn.ts";

export const createRequest = z
  .strictObject({
    name: indexName,
    bucket: bucketAlias.default("primary"),
    dimension: z.int().min(1).max(limits.maxDimension).optional().meta({
      description: "Of its vectors; only with an embedding provider that declares one it may be left out",
    }),
    metric: metric.default("cosine"),
    idColumn: columnName.default("doc_id"),
    idType: z.enum(["Utf8", "Int64"]).default("Utf8"),
    vectorColumn: columnName.default("vector"),
    embedding: askedEmbedding.optional(),
    columns: z
      .array(z.strictObject({ name: columnName, type: z.string().max(limits.maxColumnNameLength) }))
      .max(limits.maxColumns - 2)
      .optional()
      .meta({
        description:
          "Beside the id and the vector; without it, those of the first documents that are written. With their types as GET /indexes/{index} shows them: Utf8, Int64, Float64, Bool, Timestamp<MICROSECOND>, List<Utf8> and the like",
      }),
    indexType: askedIndexType.default("auto"),
    targetRecall: z.number().min(limits.leastTargetRecall).max(1).default(limits.defaultTargetRecall),
    filterColumns: z.array(columnName).max(limits.maxFilterColumns).default([]),
    fullText: askedFullText.optional(),
    retentionDays: retentionDays.optional(),
    upkeep: upkeep.optional(),
  })
  .meta({ id: "CreateIndexRequest" });
export type CreateRequest = z.output<typeof createRequest>;

export interface CreateDependencies {
  registry: IndexRegistry;
  buckets: Buckets;
  stores: Stores;
  generations: Generations;
  documents: DocumentTables;
  clock: Clock;
  providers: Providers;
}

/** A request with what its embedding provider says. */
interface Sized extends Omit<CreateRequest, "embedding"> {
  dimension: number;
  embedding: IndexEmbedding | undefined;
}

/**
 * Makes an index without documents that is served at once. While it has few, every one is compared; what index it gets of
 * more is what was asked for here. First its entry keeps the name, then its table is made, then it is published: whoever
 * sends the same again goes on where the first ended.
 * @throws BadRequest naming columns, BucketNotFound, BucketReadOnly, Conflict where the name is taken, IdempotencyMismatch
 */
export async function createIndex(
  deps: CreateDependencies,
  asked: CreateRequest,
  keyed: KeyedWrite | undefined,
): Promise<void> {
  const request = sized(deps.providers, asked);
  const columns = columnsOf(deps.documents, request);
  deps.buckets.writable(request.bucket);
  await deps.stores(request.bucket).ensureWritable();
  const reserved = await reserve(deps, request, keyed);
  if (reserved.published) return;
  const { lastGeneration } = reserved;
  const ref = { index: request.name, bucket: request.bucket, generation: `g${lastGeneration}` };
  const fullText = resolvedFullText(request.fullText ?? [], columns);
  await deps.documents.create(ref, columns, fullText);
  const version = await deps.generations.version(ref);
  const published = emptyPublication(deps.clock, request, { columns, fullText }, { ref, version });
  await deps.registry.update(request.name, (entry) => {
    if (entry.lastGeneration !== lastGeneration || entry.claim) throw taken(entry.name);
    return entry.published ? undefined : { state: "ready", published };
  });
}

/** The entry under the name, of which nothing is published unless this very request has. */
async function reserve(
  { registry }: CreateDependencies,
  { name, retentionDays, upkeep, columns }: Sized,
  keyed: KeyedWrite | undefined,
): Promise<IndexEntry> {
  const created = keyed ? { created: keyed } : {};
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const found = await registry.read(name);
    if (found && keyed && isOf(found.value, keyed)) return found.value;
    if (found) refuseTaken(found.value);
    const lastGeneration = (found?.value.lastGeneration ?? 0) + 1;
    const told = columns ? {} : { infersColumns: true };
    const changes = { ...anew, lastGeneration, retentionDays, upkeep, ...told, ...created };
    const reserved = await unlessRaced(() =>
      found ? registry.replace(found, changes) : registry.create(name, changes),
    );
    if (reserved) return reserved.value;
  }
  throw taken(name);
}

const maxAttempts = 20;

/** Whether the same request has made it, or has begun to. @throws IdempotencyMismatch */
function isOf({ state, created }: IndexEntry, keyed: KeyedWrite): boolean {
  if (state === "dropped" || created?.key !== keyed.key) return false;
  if (created.request === keyed.request) return true;
  throw new DomainError("IdempotencyMismatch", "the Idempotency-Key was used for another index");
}

/** What was begun without a job, and not ended, is anybody's. */
function refuseTaken({ name, state, published, claim }: IndexEntry): void {
  if (state !== "dropped" && (published || claim)) throw taken(name);
}

function taken(name: string): DomainError {
  return new DomainError("Conflict", `there is an index "${name}" already, or a job is making it`);
}

/** @throws BadRequest where there is no such provider, or no dimension is known, or another */
function sized(providers: Providers, { embedding: asked, ...request }: CreateRequest): Sized {
  const embedder = asked && declaredEmbedder(providers, asked.provider, "embedding.provider");
  const dimension = embedder ? embeddedDimension(embedder, asked, request.dimension) : request.dimension;
  if (dimension === undefined) throw badRequest({ path: "dimension", message: "must be given" });
  return { ...request, dimension, embedding: asked && embedder && { ...asked, model: embedder.model } };
}

/** The column of texts is there whether or not documents tell the others. */
const toldColumns = ({ columns, embedding }: Sized): Column[] =>
  columns ?? (embedding ? [{ name: embedding.column, type: "Utf8" }] : []);

/** @throws BadRequest */
function columnsOf(documents: Pick<DocumentTables, "isStored">, request: Sized): Column[] {
  const { idColumn, idType, vectorColumn, dimension, filterColumns, fullText = [], embedding } = request;
  const columns = toldColumns(request);
  const own: Column[] = [
    { name: idColumn, type: idType },
    ...columns,
    { name: vectorColumn, type: `FixedSizeList[${dimension}]<Float32>` },
  ];
  const issues = [
    ...columns.flatMap(({ type }, i) =>
      documents.isStored(type) ? [] : [{ path: `columns[${i}].type`, message: noSuchType(type) }],
    ),
    ...own.flatMap(({ name }, i) => nameIssues(name, i, own)),
    ...filterColumns.flatMap((name, i) =>
      own.some((one) => one.name === name) && name !== vectorColumn
        ? []
        : [{ path: `filterColumns[${i}]`, message: "must be one of the columns, and not the vector" }],
    ),
    ...fullText.flatMap((one, i) => textIssues(one, own, `fullText[${i}]`)),
    ...(embedding && !own.some(({ name, type }) => name === embedding.column && type === "Utf8")
      ? [{ path: "embedding.column", message: "must be one of the columns, of the type Utf8" }]
      : []),
  ];
  if (issues.length > 0) throw badRequest(issues);
  return own;
}

const noSuchType = (type: string) =>
  holdsSeveralVectors(type)
    ? noSeveralVectors
    : "is no type of a column, as Utf8, Int64, Float64, Bool, Timestamp<MILLISECOND> and List<Utf8> are";

function nameIssues(name: string, i: number, all: Column[]): Issue[] {
  const path = i === 0 ? "idColumn" : i === all.length - 1 ? "vectorColumn" : `columns[${i - 1}].name`;
  const message = unfitName(name, all[0]?.name ?? "");
  if (message !== undefined) return [{ path, message }];
  const isTwice = all.findIndex((one) => one.name === name) < i;
  return isTwice ? [{ path, message: "is the name of another column, too" }] : [];
}

function emptyPublication(
  clock: Clock,
  request: Sized,
  { columns, fullText }: { columns: Column[]; fullText: TextIndex[] },
  { ref, version }: { ref: GenerationRef; version: number },
): Publication {
  const { dimension, metric, idColumn, vectorColumn, indexType, targetRecall, filterColumns } = request;
  const { embedding } = request;
  const told = fullText.length > 0 ? { fullText } : {};
  return {
    ...{ generation: ref.generation, bucket: ref.bucket, dimension, metric, idColumn, vectorColumn, columns },
    indexType: "EXACT",
    indexParameters: {},
    asked: { indexType, indexParameters: {}, filterColumns, ...told },
    ...told,
    reasons: ["every row is compared until an index is built"],
    searchDefaults: {},
    recall: { target: targetRecall, measured: 1, k: limits.recallK, queries: 0, version },
    rows: 0,
    ...(embedding ? { embedding } : {}),
    source: "documents",
    publishedAt: new Date(clock.now()).toISOString(),
    version,
  };
}
