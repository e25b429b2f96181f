import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { badRequest } from "../errors.ts";
import { type Filter, filter, filterBoundIssues } from "../values/filter.ts";
import type { AsOf, Freshness } from "./freshness.ts";
import { cursorOf, placeOf, refuseOtherVersion } from "./list-cursor.ts";
import type { WarmIndexes } from "./reader.ts";
import { document } from "./search-response.ts";

const ofFirstPage = "is for the first page; of which version the next is the cursor says";

/** A filter in a URL, as JSON. */
export const filterParameter = z
  .string()
  .max(limits.maxFilterParameterLength)
  .transform((text, context) => {
    const parsed = parsedJson(text);
    if (parsed === undefined) context.addIssue("must be a filter in JSON");
    for (const { message } of filterBoundIssues(parsed)) context.addIssue(message);
    return context.issues.length > 0 ? z.NEVER : parsed;
  })
  .pipe(filter)
  .meta({ description: "As of a search, as JSON" });

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const listResponse = z
  .strictObject({
    documents: z.array(document).meta({
      description: "In the order in which they are stored; fewer than the limit where these are long",
    }),
    next: z.string().nullable().meta({ description: "Cursor of the next page; null on the last" }),
    generation: z.string(),
    version: z.int().meta({ description: "Of the table, of which all pages are" }),
  })
  .meta({ id: "DocumentList" });
export type ListResponse = z.infer<typeof listResponse>;

export interface ListRequest extends Freshness {
  cursor?: string | undefined;
  limit: number;
  filter?: Filter | undefined;
  select?: string[] | undefined;
  /** The indexes are as of it. */
  asOf?: AsOf | undefined;
}

/**
 * A page of all documents, or of those a filter leaves. All pages are of the version that the first was of: each document
 * comes once, whatever is written meanwhile.
 * @param timeoutMs what is left of the request's deadline
 * @throws IndexNotFound, IndexNotReady, VersionNotReached, CursorExpired, BadRequest, AnswerTooLarge, TooBusy, DeadlineExceeded, StoreUnavailable
 */
export async function listDocuments(
  indexes: WarmIndexes,
  index: string,
  { cursor, limit, filter, select, asOf, ...freshness }: ListRequest,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<ListResponse> {
  const started = performance.now();
  if (cursor !== undefined && asOf !== undefined) throw badRequest({ path: "asOf", message: ofFirstPage });
  const from = cursor === undefined ? undefined : await placeOf(cursor, index, filter);
  return indexes.use(index, freshness, async ({ reader, published: { generation } }) => {
    if (from) refuseOtherVersion(from, generation, freshness);
    const offset = from?.offset ?? 0;
    const left = timeoutMs - (performance.now() - started);
    const asked = { version: from?.version, offset, limit, filter, select, timeoutMs: left, signal };
    const { documents, version, hasMore } = await reader.page(asked);
    const place = { generation, version, offset: offset + documents.length };
    const next = hasMore ? await cursorOf(place, index, filter) : null;
    return { documents, next, generation, version };
  });
}
