import { documentsTooLarge, hitsWithVectors } from "../../../domain/answer-size.ts";
import { refuseChangedColumns } from "../../../domain/index/column-changes.ts";
import type { DocumentPage, PageQuery } from "../../../domain/search/reader.ts";
import { selectedColumns } from "../../../domain/search/selected-columns.ts";
import { documentsThatFit } from "../rows/documents.ts";
import { filterToSql } from "./filter-sql.ts";
import type { TableSource } from "./table-queries.ts";

/**
 * A page of a table at the version it is at, in the order of its fragments and of their rows. Without a filter LanceDB
 * skips to the offset by the fragments' counts of rows; with one it looks at the columns of the filter from the first row
 * on (bench/NOTES.md).
 * @throws ColumnsChanged, BadRequest, AnswerTooLarge where not even one document fits, DeadlineExceeded
 */
export async function scanPage(
  { followed, queries, published }: TableSource,
  { select, filter, offset, limit, ...time }: PageQuery,
): Promise<DocumentPage> {
  const { table, columns: known, version } = followed;
  const { idColumn, vectorColumn, dimension } = published;
  refuseChangedColumns(published, known, [idColumn]);
  const columns = selectedColumns(select, known, published);
  const most = columns.includes(vectorColumn) ? hitsWithVectors(dimension).atMost : limit;
  const count = Math.max(1, Math.min(limit, most));
  const all = filter ? table.query().where(filterToSql(filter, known)) : table.query();
  const page = all
    .select([...new Set([idColumn, ...columns])])
    .offset(offset)
    .limit(count + 1);
  const found = await queries.run(page, time);
  const { fit, widest } = documentsThatFit(found, idColumn, columns, Math.min(count, found.numRows));
  if (fit.length === 0 && widest !== undefined) throw documentsTooLarge(1, 0, widest);
  return { documents: fit, version, hasMore: found.numRows > fit.length };
}
