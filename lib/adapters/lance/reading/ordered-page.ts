import type { Table as ArrowTable } from "apache-arrow";
import { documentsTooLarge, hitsWithVectors } from "../../../domain/answer-size.ts";
import { refuseChangedColumns } from "../../../domain/index/column-changes.ts";
import type { DocumentPage, PageQuery } from "../../../domain/search/reader.ts";
import { selectedColumns } from "../../../domain/search/selected-columns.ts";
import { documentsAt } from "../rows/documents.ts";
import { rowIdsOf } from "../rows/hits.ts";
import { filterToSql } from "./filter-sql.ts";
import type { TableSource } from "./table-queries.ts";

type Ordered = PageQuery & Required<Pick<PageQuery, "orderBy">>;

/**
 * A page of a table at the version it is at, in the order of some of its columns and then of its ids. LanceDB reads these
 * of every row that the filter leaves and holds as many keys as the page is deep; the page's rows alone are read whole.
 * @throws ColumnsChanged, BadRequest, AnswerTooLarge where not even one document fits, DeadlineExceeded
 */
export async function orderedPage(source: TableSource, query: PageQuery): Promise<DocumentPage> {
  const { followed, published } = source;
  const { idColumn, vectorColumn, dimension } = published;
  const started = performance.now();
  refuseChangedColumns(published, followed.columns, [idColumn]);
  const columns = selectedColumns(query.select, followed.columns, published);
  const most = columns.includes(vectorColumn) ? hitsWithVectors(dimension).atMost : query.limit;
  const count = Math.max(1, Math.min(query.limit, most));
  const sorted = await rowsInOrder(source, query as Ordered, count + 1);
  const timeoutMs = query.timeoutMs - (performance.now() - started);
  const asked = sorted.slice(0, count);
  const { found, rows } = await taken(source, asked, columns, { ...query, timeoutMs });
  const { fit, widest } = documentsAt(found, idColumn, columns, rows);
  if (fit.length === 0 && widest !== undefined) throw documentsTooLarge(1, 0, widest);
  return { documents: fit, version: followed.version, hasMore: sorted.length > fit.length };
}

/** Ids of rows, from the offset on. */
async function rowsInOrder(
  { followed, queries, published }: TableSource,
  { filter, orderBy, offset, ...time }: Ordered,
  count: number,
): Promise<bigint[]> {
  const { table, columns } = followed;
  const { idColumn } = published;
  const all = filter ? table.query().where(filterToSql(filter, columns)) : table.query();
  const order = orderBy.map(({ column, direction, nulls }) => ({
    columnName: column,
    ascending: direction === "asc",
    nullsFirst: nulls === "first",
  }));
  const isById = orderBy.some(({ column }) => column === idColumn);
  const query = all
    .select([...new Set([idColumn, ...orderBy.map(({ column }) => column)])]) // others are taken row by row to be sorted
    .withRowId()
    .orderBy(isById ? order : [...order, { columnName: idColumn, ascending: true, nullsFirst: false }])
    .offset(offset)
    .limit(count);
  return rowIdsOf(await queries.run(query, time));
}

/** These rows, of which LanceDB has an order of its own, and where each of them is. */
async function taken(
  { followed, queries, published }: TableSource,
  ids: bigint[],
  columns: string[],
  time: Pick<PageQuery, "timeoutMs" | "signal">,
): Promise<{ found: ArrowTable; rows: { row: number }[] }> {
  const names = [...new Set([published.idColumn, ...columns, "_rowid"])];
  const found = await queries.run(followed.table.takeRowIds(ids).withRowId().select(names), time);
  const places = new Map(rowIdsOf(found).map((id, row) => [id, row]));
  const rows = ids.flatMap((id) => {
    const row = places.get(id);
    return row === undefined ? [] : [{ row }];
  });
  return { found, rows };
}
