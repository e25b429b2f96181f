import { limits } from "../../config/limits.ts";
import type { FileFooter, Unit } from "./parquet-source.ts";
import { invalidSource, type SourceFile } from "./source-layout.ts";

/** Rows that are decoded at a time; large row groups are cut at multiples of it. */
export function batchRowsOf(dimension: number): number {
  return Math.max(1, Math.floor(limits.decodeBatchBytes / (4 * dimension)));
}

/**
 * Rows of a batch that is appended: LanceDB makes a page of each column of it. As few pages as there can be are scanned
 * with the fewest requests; several are encoded and sent beside each other. A part of a row group is too small for several.
 * @param rows of the unit
 */
export function pageRowsOf(rows: number, dimension: number): number {
  const pages = Math.max(1, Math.floor((rows * 4 * dimension) / limits.pageBytes));
  return Math.ceil(rows / pages);
}

/**
 * Row groups joined into units of about `limits.unitTargetBytes`, in the order of files and row groups; a row group
 * larger than that is cut into several.
 * @param bytesPerRow of the decoded columns, at least
 * @throws SourceInvalid for a row group that would not fit in memory
 */
export function cutUnits(files: SourceFile[], bytesPerRow: number, dimension: number): Unit[] {
  const units: Unit[] = [];
  for (const [file, { key, footer }] of files.entries()) {
    let open: OpenUnit | undefined;
    for (const part of partsOf(key, footer, bytesPerRow, batchRowsOf(dimension))) {
      if (!open || part.cut || !fits(open, part)) {
        open = {
          unit: { id: units.length, file, rowGroups: [], firstRow: part.firstRow, rows: 0 },
          bytes: 0,
        };
        units.push(open.unit);
      }
      open.unit.rowGroups.push({ index: part.index, rows: part.rows });
      open.unit.rows += part.rows;
      open.bytes += part.bytes;
    }
  }
  return units;
}

/** A row group, or a part of a large one. */
interface Part {
  index: number;
  firstRow: number;
  rows: number;
  /** Decoded; of a part of a row group as many as a unit takes, so that nothing joins it. */
  bytes: number;
  /** Whether there are other parts of its row group. */
  cut: boolean;
}

function partsOf(key: string, { rowGroups }: FileFooter, bytesPerRow: number, batchRows: number): Part[] {
  return rowGroups.flatMap(({ rows, bytes, moreBytes = 0 }, index): Part[] => {
    if (rows === 0) return [];
    if (bytes > limits.maxRowGroupBytes) throw invalidSource(key, tooLarge(bytes), `row group ${index}`);
    // what the file says counts for strings, of which the schema tells no size
    const decoded = Math.max(bytes + moreBytes, rows * bytesPerRow);
    if (decoded <= limits.maxUnitBytes) return [{ index, firstRow: 0, rows, bytes: decoded, cut: false }];
    const rowsInPart = Math.min(limits.maxUnitRows, (partBytes(bytes) * rows) / decoded);
    const step = wholeBatches(rowsInPart, batchRows);
    return Array.from({ length: Math.ceil(rows / step) }, (_, i) => {
      const part = { index, firstRow: i * step, rows: Math.min(step, rows - i * step) };
      return { ...part, bytes: limits.unitTargetBytes, cut: true };
    });
  });
}

/** Of fewer rows than a batch has, as large strings make them, a batch has no more. */
function wholeBatches(rows: number, batchRows: number): number {
  if (rows >= batchRows) return Math.floor(rows / batchRows) * batchRows;
  return Math.min(batchRows, Math.max(limits.minPartRows, Math.floor(rows)));
}

/**
 * A row group that is cut is in memory twice, beside about ten times the part that is appended: the larger the one, the
 * smaller the other, so that both fit in what a load may take (measured with 307 MB in one row group).
 */
function partBytes(rowGroupBytes: number): number {
  const left = (limits.loadMemoryBytes - 2 * rowGroupBytes) / 10;
  return Math.min(limits.unitTargetBytes, Math.max(limits.minPartBytes, left));
}

interface OpenUnit {
  unit: Unit;
  /** Decoded. */
  bytes: number;
}

function fits({ unit, bytes }: OpenUnit, part: Part): boolean {
  return bytes + part.bytes <= limits.unitTargetBytes && unit.rows + part.rows <= limits.maxUnitRows;
}

const tooLarge = (bytes: number) =>
  `holds ${bytes} bytes, at most ${limits.maxRowGroupBytes}; write the file with smaller row groups`;

/** Where a row of a unit stands in its file: `part-0.parquet, row group 3, row 17`. */
export function placeOf(file: string, unit: Unit, row: number): string {
  let left = row + unit.firstRow;
  for (const { index, rows } of unit.rowGroups) {
    if (left < rows + unit.firstRow) return `${file}, row group ${index}, row ${left}`;
    left -= rows;
  }
  return `${file}, row ${row}`;
}

/** The row groups of a unit in their file, where no single row is to blame: `part-0.parquet, row groups 3 to 5`. */
export function placeOfUnit(file: string, { rowGroups }: Unit): string {
  const [first, last] = [rowGroups[0]?.index, rowGroups.at(-1)?.index];
  return first === last ? `${file}, row group ${first}` : `${file}, row groups ${first} to ${last}`;
}
