import { columnChanges, refuseChangedColumns } from "../index/column-changes.ts";
import type { Column, Publication } from "../index/index-entry.ts";
import type { Filter } from "../values/filter.ts";
import { type DocumentForm, idField } from "./document-batch.ts";
import type { OpenDocuments } from "./document-tables.ts";

/** What is published, with the columns that the table has now: another client may have added some. */
export type TableForm = Publication & DocumentForm;

/** @throws ColumnsChanged where a published column is gone or another */
export function tableForm(
  published: Publication,
  { columns, writable, required }: Pick<OpenDocuments, "columns" | "writable" | "required">,
): TableForm {
  refuseChangedColumns(published, columns);
  return { ...published, columns: writable, required };
}

/** Whether what fitted the one may not fit the other. */
export function isOtherForm(read: Publication, now: TableForm): boolean {
  return now.generation !== read.generation || columnChanges(read, now.columns).length > 0;
}

/** Whether documents name columns that are not published: only the table tells whether another client has added them. */
export function namesOthers({ columns }: { columns: Column[] }, documents: readonly unknown[]): boolean {
  const known = new Set([...columns.map(({ name }) => name), idField]);
  return documents.some(
    (document) =>
      typeof document === "object" &&
      document !== null &&
      Object.keys(document).some((name) => !known.has(name)),
  );
}

/** Whether a filter does. */
export function isAboutOthers({ columns }: { columns: Column[] }, filter: Filter | undefined): boolean {
  if (!filter) return false;
  if ("filters" in filter) return filter.filters.some((one) => isAboutOthers({ columns }, one));
  if ("filter" in filter) return isAboutOthers({ columns }, filter.filter);
  return !columns.some(({ name }) => name === filter.column);
}
