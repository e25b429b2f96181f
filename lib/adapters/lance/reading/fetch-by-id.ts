import { documentsTooLarge } from "../../../domain/answer-size.ts";
import { refuseChangedColumns } from "../../../domain/index/column-changes.ts";
import type { Query } from "../../../domain/search/reader.ts";
import type { Document } from "../../../domain/search/search-response.ts";
import type { Filter } from "../../../domain/values/filter.ts";
import { documentsThatFit } from "../rows/documents.ts";
import { filterToSql } from "./filter-sql.ts";
import type { TableSource } from "./table-queries.ts";

/**
 * Documents by their ids, those that are there. One query of the id's index, however many they are; another only where
 * clients wrote an id more than once.
 * @throws ColumnsChanged, AnswerTooLarge, DeadlineExceeded
 */
export async function fetchById(
  source: TableSource,
  ids: string[],
  columns: string[],
  time: Pick<Query, "timeoutMs" | "signal">,
): Promise<Map<string, Document>> {
  const started = performance.now();
  const documents = new Map<string, Document>();
  for (let left = ids; left.length > 0; left = left.filter((id) => !documents.has(id))) {
    const timeoutMs = time.timeoutMs - (performance.now() - started);
    const found = await documentsOf(source, left, columns, { ...time, timeoutMs });
    for (const document of found) documents.set(document.doc_id, document);
    if (found.length < left.length) break;
  }
  return documents;
}

/** At most as many as ids. */
async function documentsOf(
  { followed, queries, published }: TableSource,
  ids: string[],
  columns: string[],
  time: Pick<Query, "timeoutMs" | "signal">,
): Promise<Document[]> {
  const { idColumn: column } = published;
  refuseChangedColumns(published, followed.columns, [column]);
  const [value = "", ...others] = ids;
  const isOne: Filter = others.length > 0 ? { op: "in", column, values: ids } : { op: "eq", column, value };
  const query = followed.table
    .query()
    .where(filterToSql(isOne, followed.columns))
    .select([...new Set([column, ...columns])])
    .limit(ids.length);
  const found = await queries.run(query, time);
  const { fit, widest } = documentsThatFit(found, column, columns);
  if (widest !== undefined) throw documentsTooLarge(ids.length, fit.length, widest);
  return fit;
}
