import { DataType, type Field, tableFromIPC } from "apache-arrow";
import type { ParquetFile, RowGroupMetaData } from "parquet-wasm/node";
import type { FileFooter, SourceColumn, VectorLayout } from "../../../domain/source/parquet-source.ts";
import { storedType } from "../../arrow/stored-types.ts";
import { int96Type } from "../footers/int96.ts";
import { valuesField, valuesIn } from "../footers/vector-structs.ts";
import type { OpenFile } from "./unit-decoder.ts";

/**
 * What a file's footer says, without reading a row.
 * @param known of its columns
 * @param moreBytes of each row group than are encoded, by bytesInDictionaries
 * @throws Error when it counts rows that cannot be there
 */
export function footerOf(
  parquet: ParquetFile,
  bytes: number,
  known: Pick<OpenFile, "encrypted" | "instants" | "uuids">,
  moreBytes: number[] = [],
): FileFooter {
  const metadata = parquet.metadata();
  const groups = metadata.rowGroups().map(rowGroupOf);
  refuseMiscounted(metadata.fileMetadata().numRows(), groups, bytes);
  const { schema } = tableFromIPC(parquet.schema().intoIPCStream());
  const columnBytes = bytesByColumn(groups);
  return {
    bytes,
    rows: groups.reduce((sum, { rows }) => sum + rows, 0),
    columns: schema.fields.map((field) => ({
      ...sourceColumn(
        int96Type(field, known.instants.get(field.name)),
        groups,
        columnBytes.get(field.name) ?? 0,
      ),
      ...(known.instants.has(field.name) ? {} : fixedBinary(field, known.uuids)),
      ...(known.encrypted.includes(field.name) ? { encrypted: true } : {}),
    })),
    rowGroups: groups.map(({ rows, bytes }, i) => ({
      ...{ rows, bytes },
      ...(moreBytes[i] ? { moreBytes: moreBytes[i] } : {}),
    })),
  };
}

interface Chunk {
  column: string;
  isFlat: boolean;
  /** What it is of the column, where that has parts. */
  part: string | undefined;
  values: number;
  bytes: number;
}

interface RowGroup {
  rows: number;
  bytes: number;
  chunks: Chunk[];
}

/** Read once and freed at once: each chunk's description is a copy in the decoder's memory, which is bounded. */
function rowGroupOf(group: RowGroupMetaData): RowGroup {
  const chunks = group.columns().map((chunk) => {
    const path = chunk.columnPath();
    const [values, bytes] = [chunk.numValues(), chunk.uncompressedSize()];
    chunk.free();
    return { column: path[0] ?? "", part: path[1], isFlat: path.length === 1, values, bytes };
  });
  const found = { rows: group.numRows(), bytes: group.totalByteSize(), chunks };
  group.free();
  return found;
}

function bytesByColumn(groups: RowGroup[]): Map<string, number> {
  const all = new Map<string, number>();
  for (const { column, bytes } of groups.flatMap(({ chunks }) => chunks))
    all.set(column, (all.get(column) ?? 0) + bytes);
  return all;
}

/** A plan is made of these counts: forged ones would make it too large to hold, or lose rows without a word. */
function refuseMiscounted(total: number, groups: RowGroup[], bytes: number): void {
  const sum = groups.reduce((before, { rows }) => before + rows, 0);
  if (sum !== total) throw new Error(`its footer counts ${total} rows, its row groups ${sum}`);
  for (const [i, { rows: count, chunks }] of groups.entries()) {
    if (!(count >= 0 && count <= bytes * maxRowsPerByte))
      throw new Error(`row group ${i} cannot hold ${count} rows in ${bytes} bytes`);
    const wrong = chunks.find((chunk) => !holdsRows(chunk, count));
    if (wrong)
      throw new Error(`row group ${i} has ${count} rows, its column ${wrong.column} ${wrong.values} values`);
  }
}

/** Nulls and empty lists count as values, too. */
function holdsRows({ isFlat, values }: Chunk, rows: number): boolean {
  return isFlat ? values === rows : values >= rows;
}

/** No file holds more: rows have ids of their own, and vectors that hardly compress. */
const maxRowsPerByte = 1_000;

function sourceColumn(field: Field, groups: RowGroup[], bytes: number): SourceColumn {
  const stored = storedType(field.type);
  const vector = vectorIn(field.type);
  return {
    name: field.name,
    type: String(stored ?? field.type),
    carried: stored !== undefined,
    bytes,
    ...(vector ? { vector: { ...vector, dimension: dimensionOf(field, groups) } } : {}),
  };
}

function fixedBinary({ name, type }: Field, uuids: ReadonlySet<string>): Partial<SourceColumn> {
  if (!DataType.isFixedSizeBinary(type)) return {};
  return uuids.has(name) ? { type: "Utf8", fixedBinary: "uuid", vector: undefined } : { fixedBinary: "any" };
}

function vectorIn(type: DataType): { layout: VectorLayout; integers?: boolean } | undefined {
  if (DataType.isFixedSizeBinary(type)) return type.byteWidth % 4 === 0 ? { layout: "binary" } : undefined;
  if (DataType.isBinary(type) || DataType.isLargeBinary(type)) return { layout: "binary" };
  const values = valuesIn(type);
  const inner = values && vectorIn(values);
  if (inner) return inner.layout === "binary" ? undefined : { ...inner, layout: "struct" };
  const item = type.children?.[0]?.type;
  if (!item || !(DataType.isFixedSizeList(type) || DataType.isList(type))) return undefined;
  const layout = DataType.isFixedSizeList(type) ? "fixed_size_list" : "list";
  if (DataType.isInt(item)) return { layout, integers: true };
  return DataType.isFloat(item) ? { layout } : undefined;
}

/** A list's values by its rows, from the first row group where they divide; rows are checked when they are read. */
function dimensionOf(field: Field, groups: RowGroup[]): number | null {
  if (DataType.isFixedSizeList(field.type)) return field.type.listSize;
  if (DataType.isFixedSizeBinary(field.type)) return field.type.byteWidth / 4;
  if (DataType.isBinary(field.type) || DataType.isLargeBinary(field.type)) return null;
  for (const group of groups) {
    const leaf = group.chunks.find(
      ({ column, part }) => column === field.name && (!valuesIn(field.type) || part === valuesField),
    );
    const dimension = leaf && group.rows > 0 ? leaf.values / group.rows : Number.NaN;
    if (Number.isInteger(dimension) && dimension > 1) return dimension;
  }
  return null;
}
