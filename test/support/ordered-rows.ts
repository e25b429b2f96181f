import { Table, Utf8, vectorFromArray } from "apache-arrow";
import type { OrderBy } from "../../lib/domain/search/ordering.ts";
import { type ColumnName, columnValues, filterTable, rowCount, type Value, valueAt } from "./filter-rows.ts";

/** How often each row of `filterTable` is there, under ids that go on. */
export const copies = 3;
export const ids = Array.from({ length: copies * rowCount }, (_, i) => String(i));

/** Which row of `filterTable` an id is a copy of. */
export const rowOf = (id: string): number => Number(id) % rowCount;

/** One of the copies. */
export function copyOfRows(copy: number): Table {
  const rows = filterTable();
  const own = ids.slice(copy * rowCount, (copy + 1) * rowCount);
  const columns = rows.schema.fields.map(({ name }) => [
    name,
    name === "doc_id" ? vectorFromArray(own, new Utf8()) : rows.getChild(name),
  ]);
  return new Table(Object.fromEntries(columns));
}

/** A key by whose order JavaScript has that of IEEE 754: the last NaN of a column has its sign set. */
function rankOf(column: ColumnName, row: number): [number, Value] {
  const value = valueAt(column, row);
  if (Number.isNaN(value))
    return [row % (columnValues[column].length + 1) === columnValues[column].length - 1 ? -1 : 1, 0];
  return [0, value];
}

function compared(a: Value, b: Value): number {
  if (typeof a === "string") return Buffer.compare(Buffer.from(a), Buffer.from(String(b)));
  if (Object.is(a, -0) && Object.is(b, 0)) return -1;
  if (Object.is(a, 0) && Object.is(b, -0)) return 1;
  const [one, other] = [a as number, b as number];
  return one < other ? -1 : one > other ? 1 : 0;
}

/** All ids in this order, by sorting them here. */
export function idsInOrder(among: string[], order: OrderBy): string[] {
  const byColumn = ({ column, direction, nulls }: OrderBy[number], a: string, b: string) => {
    if (column === "doc_id") return compared(a, b) * (direction === "asc" ? 1 : -1);
    const name = (column in columnValues ? column : "text") as ColumnName;
    const [one, other] = [rowOf(a), rowOf(b)];
    const [isNull, isOtherNull] = [valueAt(name, one) === null, valueAt(name, other) === null];
    if (isNull || isOtherNull) return (Number(isNull) - Number(isOtherNull)) * (nulls === "last" ? 1 : -1);
    const [[rank, value], [otherRank, otherValue]] = [rankOf(name, one), rankOf(name, other)];
    return (rank - otherRank || compared(value, otherValue)) * (direction === "asc" ? 1 : -1);
  };
  return among.toSorted((a, b) => {
    for (const one of order) {
      const by = byColumn(one, a, b);
      if (by !== 0) return by;
    }
    return compared(a, b);
  });
}
