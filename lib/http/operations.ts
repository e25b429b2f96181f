import { z } from "zod";
import { limits } from "../config/limits.ts";
import { indexDescription } from "../domain/describe-index.ts";
import { errorTable } from "../domain/errors.ts";
import { indexEntry } from "../domain/index-entry.ts";
import { job, jobInput } from "../domain/job.ts";
import { bucketAlias, indexName, jobId } from "../domain/names.ts";
import {
  consistency,
  docId,
  document,
  searchRequest,
  searchResponse,
  selectParameter,
} from "../domain/search-request.ts";

/** One route: the schemas that validate it are the ones the OpenAPI document is made of. */
export interface Operation {
  method: "get" | "post" | "delete";
  route: string;
  summary: string;
  path: z.ZodObject;
  query: z.ZodObject;
  /** Request headers that mean something, lower case. */
  headers?: z.ZodObject;
  body?: z.ZodType;
  maxBodyBytes: number;
  status: number;
  response?: z.ZodType;
}

const cursor = { description: "The next of the page before" };
const jobCursor = z
  .string()
  .regex(/^\d{13}-[A-Za-z0-9_-]{1,80}$/, "must be the next of the page before")
  .meta(cursor);
const page = z.strictObject({
  limit: z.coerce.number().int().min(1).max(limits.maxPageSize).default(limits.defaultPageSize),
});
const next = z.string().nullable().meta({ description: "Cursor of the next page; null on the last" });
const nothing = z.strictObject({});
const ofIndex = z.strictObject({ index: indexName });
const ofJob = z.strictObject({ id: jobId });
const jobSummary = job.pick({
  id: true,
  type: true,
  index: true,
  state: true,
  createdAt: true,
  endedAt: true,
});
const common = { path: nothing, query: nothing, maxBodyBytes: 0, status: 200 };

export const operations = {
  search: {
    ...common,
    method: "post",
    route: "/indexes/{index}/search",
    summary: "The k documents nearest to a vector",
    path: ofIndex,
    body: searchRequest,
    maxBodyBytes: limits.maxBodyBytes,
    response: searchResponse,
  },
  fetchDocument: {
    ...common,
    method: "get",
    route: "/indexes/{index}/documents/{docId}",
    summary: "One document; the vector only when selected",
    path: z.strictObject({ index: indexName, docId }),
    query: z.strictObject({
      select: selectParameter.optional(),
      consistency: consistency.default("eventual"),
    }),
    response: document,
  },
  listIndexes: {
    ...common,
    method: "get",
    route: "/indexes",
    summary: "Indexes by name",
    query: page.extend({ cursor: indexName.meta(cursor).optional() }),
    response: z.strictObject({ indexes: z.array(indexEntry.meta({ id: "IndexEntry" })), next }),
  },
  getIndex: {
    ...common,
    method: "get",
    route: "/indexes/{index}",
    summary: "What is published of an index, and how its table is",
    path: ofIndex,
    response: indexDescription,
  },
  dropIndex: {
    ...common,
    method: "delete",
    route: "/indexes/{index}",
    summary: "Drops an index and its data",
    path: ofIndex,
    status: 204,
  },
  startJob: {
    ...common,
    method: "post",
    route: "/jobs",
    summary: "Starts a job; with the same Idempotency-Key only once",
    headers: z.object({
      "idempotency-key": z
        .string()
        .regex(/^[\x21-\x7e]{1,255}$/, "1 to 255 visible ASCII characters")
        .optional(),
    }),
    body: jobInput,
    maxBodyBytes: limits.maxJobBodyBytes,
    status: 202,
    response: job,
  },
  listJobs: {
    ...common,
    method: "get",
    route: "/jobs",
    summary: "Jobs, newest first",
    query: page.extend({ cursor: jobCursor.optional() }),
    response: z.strictObject({ jobs: z.array(jobSummary.meta({ id: "JobSummary" })), next }),
  },
  getJob: {
    ...common,
    method: "get",
    route: "/jobs/{id}",
    summary: "State, progress, timings and error of a job",
    path: ofJob,
    response: job,
  },
  cancelJob: {
    ...common,
    method: "delete",
    route: "/jobs/{id}",
    summary: "Cancels a job; one that is over stays as it is",
    path: ofJob,
    response: job,
  },
  listBuckets: {
    ...common,
    method: "get",
    route: "/buckets",
    summary: "Registered buckets",
    response: z.strictObject({
      buckets: z.array(
        z.strictObject({ name: bucketAlias, backend: z.enum(["local", "s3"]), readOnly: z.boolean() }),
      ),
    }),
  },
  health: {
    ...common,
    method: "get",
    route: "/health",
    summary: "Liveness, with versions",
    response: z.strictObject({
      status: z.literal("ok"),
      versions: z.record(z.string(), z.string()),
      uptimeSeconds: z.number(),
    }),
  },
  openapi: {
    ...common,
    method: "get",
    route: "/openapi.json",
    summary: "This contract",
    response: z.looseObject({ openapi: z.string() }),
  },
} satisfies Record<string, Operation>;

export type OperationName = keyof typeof operations;

const codes = Object.values(errorTable).map(({ code }) => code);

/** RFC 9457, for every status of 400 and above. */
export const problem = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(codes as [string, ...string[]]),
    detail: z.string().optional(),
    instance: z.string().meta({ description: "urn:request: and the request's correlation id" }),
    issues: z.array(z.strictObject({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: "Problem" });
