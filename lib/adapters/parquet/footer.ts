import { DataType, type Field, tableFromIPC } from "apache-arrow";
import type { ColumnChunkMetaData, ParquetFile, RowGroupMetaData } from "parquet-wasm/node";
import type { FileFooter, SourceColumn, VectorLayout } from "../../domain/ports.ts";
import { storedTypeName, typeNamed } from "../arrow/arrow-schema.ts";

/**
 * What a file's footer says, without reading a row.
 * @throws Error when it counts rows that cannot be there
 */
export function footerOf(parquet: ParquetFile, bytes: number): FileFooter {
  const metadata = parquet.metadata();
  const groups = metadata.rowGroups();
  refuseMiscounted(metadata.fileMetadata().numRows(), groups, bytes);
  const { schema } = tableFromIPC(parquet.schema().intoIPCStream());
  return {
    bytes,
    rows: groups.reduce((rows, group) => rows + group.numRows(), 0),
    columns: schema.fields.map((field) => sourceColumn(field, groups)),
    rowGroups: groups.map((group) => ({ rows: group.numRows(), bytes: group.totalByteSize() })),
  };
}

/** A plan is made of these counts: forged ones would make it too large to hold, or lose rows without a word. */
function refuseMiscounted(total: number, groups: RowGroupMetaData[], bytes: number): void {
  const rows = groups.map((group) => group.numRows());
  const sum = rows.reduce((before, count) => before + count, 0);
  if (sum !== total) throw new Error(`its footer counts ${total} rows, its row groups ${sum}`);
  for (const [i, group] of groups.entries()) {
    const count = rows[i] ?? 0;
    if (!(count >= 0 && count <= bytes * maxRowsPerByte))
      throw new Error(`row group ${i} cannot hold ${count} rows in ${bytes} bytes`);
    const wrong = group.columns().find((column) => !holdsRows(column, count));
    if (wrong)
      throw new Error(
        `row group ${i} has ${count} rows, its column ${wrong.columnPath()[0]} ${wrong.numValues()} values`,
      );
  }
}

/** Nulls and empty lists count as values, too. */
function holdsRows(column: ColumnChunkMetaData, rows: number): boolean {
  const flat = column.columnPath().length === 1;
  return flat ? column.numValues() === rows : column.numValues() >= rows;
}

/** No file holds more: rows have ids of their own, and vectors that hardly compress. */
const maxRowsPerByte = 1_000;

function sourceColumn(field: Field, groups: RowGroupMetaData[]): SourceColumn {
  const type = storedTypeName(String(field.type));
  const layout = vectorLayout(field.type);
  const carried = typeNamed(type) !== undefined;
  const chunks = groups.flatMap((group) => group.columns());
  const bytes = chunks
    .filter((chunk) => chunk.columnPath()[0] === field.name)
    .reduce((sum, chunk) => sum + chunk.uncompressedSize(), 0);
  return {
    name: field.name,
    type,
    carried,
    bytes,
    ...(layout ? { vector: { layout, dimension: dimensionOf(field, groups) } } : {}),
  };
}

function vectorLayout(type: DataType): VectorLayout | undefined {
  if (DataType.isFixedSizeBinary(type)) return type.byteWidth % 4 === 0 ? "binary" : undefined;
  if (DataType.isBinary(type) || DataType.isLargeBinary(type)) return "binary";
  const item = type.children?.[0]?.type;
  if (!item || !DataType.isFloat(item)) return undefined;
  if (DataType.isFixedSizeList(type)) return "fixed_size_list";
  return DataType.isList(type) ? "list" : undefined;
}

/** A list's values by its rows, from the first row group where they divide; rows are checked when they are read. */
function dimensionOf(field: Field, groups: RowGroupMetaData[]): number | null {
  if (DataType.isFixedSizeList(field.type)) return field.type.listSize;
  if (DataType.isFixedSizeBinary(field.type)) return field.type.byteWidth / 4;
  if (DataType.isBinary(field.type) || DataType.isLargeBinary(field.type)) return null;
  for (const group of groups) {
    const leaf = group.columns().find((column) => column.columnPath()[0] === field.name);
    const dimension = leaf && group.numRows() > 0 ? leaf.numValues() / group.numRows() : Number.NaN;
    if (Number.isInteger(dimension) && dimension > 1) return dimension;
  }
  return null;
}
