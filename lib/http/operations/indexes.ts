import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { type CreateRequest, createRequest } from "../../domain/documents/create-index.ts";
import { describedIndex } from "../../domain/documents/describe-written.ts";
import { versionCursor, versionList } from "../../domain/documents/list-versions.ts";
import { indexChange } from "../../domain/index/change-index.ts";
import { damagedEntry, newerEntry, shownEntry } from "../../domain/index/shown-entry.ts";
import { indexName } from "../../domain/names.ts";
import { common, cursor, idempotent, next, type Operations, ofIndex, page } from "./operation.ts";

/** Indexes as a whole. */
export const indexOperations = {
  listIndexes: {
    ...common,
    method: "get",
    route: "/indexes",
    summary: "Indexes by name",
    needs: "read",
    tellsOfAll: true,
    query: page.extend({ cursor: indexName.meta(cursor).optional() }),
    response: z.strictObject({
      indexes: z.array(z.union([shownEntry.meta({ id: "IndexEntry" }), damagedEntry, newerEntry])),
      next,
    }),
  },
  createIndex: {
    ...common,
    method: "post",
    route: "/indexes",
    summary: "Makes an index for documents to be written to; with the same Idempotency-Key only once",
    needs: "admin",
    names: ({ name, bucket }: CreateRequest) => ({ index: name, buckets: [bucket] }),
    headers: idempotent,
    body: createRequest,
    maxBodyBytes: limits.maxJobBodyBytes,
    status: 201,
    response: describedIndex,
  },
  getIndex: {
    ...common,
    method: "get",
    route: "/indexes/{index}",
    summary: "What is published of an index, and how its table is",
    needs: "read",
    tellsOfAll: true,
    path: ofIndex,
    response: describedIndex,
  },
  listVersions: {
    ...common,
    method: "get",
    route: "/indexes/{index}/versions",
    summary: "Versions that there are of what was published, the newest first",
    needs: "read",
    tellsOfAll: true,
    path: ofIndex,
    query: z.strictObject({
      cursor: versionCursor.meta(cursor).optional(),
      limit: z.coerce
        .number()
        .int()
        .min(1)
        .max(limits.maxListedVersions)
        .default(limits.defaultListedVersions),
    }),
    response: versionList,
  },
  changeIndex: {
    ...common,
    method: "patch",
    route: "/indexes/{index}",
    summary: "Changes how old what searches of an index see may be",
    needs: "admin",
    path: ofIndex,
    body: indexChange,
    maxBodyBytes: limits.maxIndexBodyBytes,
    response: describedIndex,
  },
  dropIndex: {
    ...common,
    method: "delete",
    route: "/indexes/{index}",
    summary: "Drops an index and its data",
    needs: "admin",
    path: ofIndex,
    status: 204,
  },
} satisfies Operations;
