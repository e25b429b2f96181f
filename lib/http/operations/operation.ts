import { z } from "zod";
import { limits } from "../../config/limits.ts";
import type { Action } from "../../domain/access/grants.ts";
import { indexName } from "../../domain/names.ts";

/**
 * What a route asks of who calls it: nothing, to be known, an action on the index that it is about, or, where it is about
 * none, on any; `keys` is for who may make keys.
 */
export type Needs = "nothing" | "known" | Action | "keys";

/** One route: the schemas that validate it are the ones the OpenAPI document is made of. */
export interface Operation {
  method: "get" | "post" | "patch" | "delete";
  route: string;
  summary: string;
  needs: Needs;
  /** Whether it tells of all rows of an index, and so nothing to a key with a filter. */
  tellsOfAll?: true;
  /** What its body names, where that is not in the path: an index, and buckets that it is to be written to. */
  names?(body: never): { index: string; buckets: string[] };
  path: z.ZodObject;
  query: z.ZodObject;
  /** Request headers that mean something, lower case. */
  headers?: z.ZodObject;
  body?: z.ZodType;
  /** In place of the schema alone, where something has to be looked at before it. @throws BadRequest */
  parseBody?(body: object): unknown;
  maxBodyBytes: number;
  /** Fields and values that a body of JSON may hold; without it, those of a search. */
  jsonBounds?: { fields: number; values: number };
  /** Of a body that may come as one JSON value a line, too: what it holds these values as. */
  linesOf?: string;
  /** Of a body that may come as an Arrow IPC stream, too: what it holds its bytes as. */
  streamOf?: string;
  status: number;
  /** Of an answer that comes before the work is done. */
  pendingStatus?: number;
  response?: z.ZodType;
}

export type Operations = Record<string, Operation>;

/** Of what may be sent again without being done twice. */
export const idempotent = z.object({
  "idempotency-key": z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, "1 to 255 visible ASCII characters")
    .optional(),
});

export const nothing = z.strictObject({});
export const ofIndex = z.strictObject({ index: indexName });
export const common = { path: nothing, query: nothing, maxBodyBytes: 0, status: 200 };

export const cursor = { description: "The next of the page before" };
export const page = z.strictObject({
  limit: z.coerce.number().int().min(1).max(limits.maxPageSize).default(limits.defaultPageSize),
});
export const next = z.string().nullable().meta({ description: "Cursor of the next page; null on the last" });
