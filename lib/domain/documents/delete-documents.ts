import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { refuseChangedColumns } from "../index/column-changes.ts";
import type { Column, Publication } from "../index/index-entry.ts";
import { docId } from "../search/search-request.ts";
import { type Filter, filter } from "../values/filter.ts";
import { storedId } from "./document-batch.ts";
import type { OpenDocuments } from "./document-tables.ts";
import type { Written } from "./receipts.ts";
import { fittingFilter, parseWithFilters } from "./request-filters.ts";
import type { KeyedWrite } from "./stored-turn.ts";
import { inTurn, type WriteDependencies } from "./write-turn.ts";

export const deleteRequest = z
  .strictObject({
    ids: z
      .array(docId)
      .min(1)
      .max(limits.maxFetchedDocuments)
      .optional()
      .meta({ description: "Ids of documents" }),
    filter: filter.optional(),
    dryRun: z
      .boolean()
      .default(false)
      .meta({ description: "Counts what would be deleted, and deletes nothing" }),
  })
  .refine(({ ids, filter }) => (ids === undefined) !== (filter === undefined), "must have ids or a filter")
  .meta({ id: "DeleteRequest" });
export type DeleteRequest = z.output<typeof deleteRequest>;
export const parseDelete = parseWithFilters(deleteRequest, "filter");

/**
 * Deletes documents by their ids or by a filter, in one commit; ids of which there is no document delete nothing.
 * @throws BadRequest for a filter or an id that does not fit the columns, ColumnsChanged where there are no ids, and what `inTurn` throws
 */
export async function deleteDocuments(
  deps: WriteDependencies,
  index: string,
  { ids, filter, dryRun }: DeleteRequest,
  keyed: KeyedWrite | undefined,
  timeoutMs: number,
): Promise<Written> {
  let which: Filter = { op: "and", filters: [] };
  const isGone = async (documents: Pick<OpenDocuments, "count">) => (await documents.count(which)) === 0;
  return inTurn(
    deps,
    index,
    {
      keyed: dryRun ? undefined : keyed,
      grows: false,
      fit: (published, { columns }) => {
        which = filter ? fittingFilter({ columns }, filter) : idFilter(published, columns, ids ?? []);
      },
      commit: async (documents) => {
        const { version } = documents;
        const deleted = await documents.count(which);
        if (dryRun || deleted === 0) return { version, inserted: 0, updated: 0, deleted };
        return documents.delete(which);
      },
      isIn: isGone,
    },
    timeoutMs,
  );
}

function idFilter(published: Publication, stored: Column[], ids: string[]): Filter {
  refuseChangedColumns(published, stored, [published.idColumn]);
  for (const [i, id] of ids.entries()) storedId(published, id, `ids[${i}]`);
  return { op: "in", column: published.idColumn, values: ids };
}
