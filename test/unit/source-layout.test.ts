import { expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import type { FileFooter, SourceColumn } from "../../lib/domain/ports.ts";
import {
  cutUnits,
  mergeColumns,
  placeOf,
  placeOfUnit,
  resolveColumns,
} from "../../lib/domain/source-layout.ts";

const text = (name: string): SourceColumn => ({ name, type: "Utf8", carried: true });
const vector = (name: string, dimension: number | null = 8): SourceColumn => ({
  ...{ name, type: "List<Float32>", carried: true },
  vector: { layout: "list", dimension },
});

function file(key: string, columns: SourceColumn[], rowGroups: FileFooter["rowGroups"] = []) {
  const rows = rowGroups.reduce((sum, group) => sum + group.rows, 0);
  return { key, footer: { bytes: 0, rows, columns, rowGroups } };
}

const groups = (...rows: number[]) => rows.map((count) => ({ rows: count, bytes: count * 10 }));

test("a name that is known wins over one that merely fits, and the job's word over both", () => {
  const one = file("a", [text("x"), text("id"), text("doc_id"), vector("v"), vector("embedding")]);
  expect(resolveColumns(one, {})).toEqual({ idColumn: "doc_id", vectorColumn: "embedding" });
  expect(resolveColumns(one, { idColumn: "x", vectorColumn: "v" })).toEqual({
    idColumn: "x",
    vectorColumn: "v",
  });
});

test("a known name whose type does not fit is passed over", () => {
  const one = file("a", [{ name: "doc_id", type: "Float64", carried: true }, text("key"), vector("v")]);
  expect(resolveColumns(one, {}).idColumn).toBe("key");
});

test("problems of all files are told at once, twenty of them at most", () => {
  const names = { idColumn: "doc_id", vectorColumn: "vector" };
  const files = Array.from({ length: 30 }, (_, i) => file(`f${i}`, [text("doc_id")]));
  const refusal = expect.objectContaining({
    kind: "SourceInvalid",
    message: expect.stringMatching(/ and 10 more$/),
  });
  expect(() => mergeColumns(files, names, 8)).toThrow(refusal);
});

test("a column that is there twice, in a file or too many of them, are refused", () => {
  const names = { idColumn: "doc_id", vectorColumn: "vector" };
  const twice = file("a", [text("doc_id"), vector("vector"), text("x"), text("x")]);
  expect(() => mergeColumns([twice], names, 8)).toThrow("a, column x: is there more than once; rename one");
  const many = Array.from({ length: limits.maxColumns }, (_, i) => text(`c${i}`));
  const wide = file("a", [text("doc_id"), vector("vector"), ...many]);
  expect(() => mergeColumns([wide], names, 8)).toThrow(`a: has ${limits.maxColumns + 2} columns, at most`);
});

test("row groups are joined up to the rows of a unit, empty ones are left out", () => {
  const half = limits.maxUnitRows / 2;
  const units = cutUnits(
    [file("a", [], groups(0, half, half, 0, 1)), file("b", [], groups(0)), file("c", [], groups(5))],
    8,
  );
  expect(units).toEqual([
    {
      id: 0,
      file: 0,
      rows: 2 * half,
      rowGroups: [
        { index: 1, rows: half },
        { index: 2, rows: half },
      ],
    },
    { id: 1, file: 0, rows: 1, rowGroups: [{ index: 4, rows: 1 }] },
    { id: 2, file: 2, rows: 5, rowGroups: [{ index: 0, rows: 5 }] },
  ]);
});

test("row groups are joined up to the bytes of a unit, by what the file says or the schema needs", () => {
  const half = limits.unitTargetBytes / 2;
  const said = [
    { rows: 1, bytes: half },
    { rows: 1, bytes: half },
    { rows: 1, bytes: 1 },
  ];
  expect(cutUnits([file("a", [], said)], 1).map(({ rows }) => rows)).toEqual([2, 1]);
  expect(cutUnits([file("a", [], groups(1, 1, 1))], half).map(({ rows }) => rows)).toEqual([2, 1]);
});

test("a row group that memory cannot hold is refused by its place", () => {
  const group = { rows: 10, bytes: limits.maxRowGroupBytes + 1 };
  const refusal =
    /^a, row group 1: decodes to \d+ bytes, at most \d+; write the file with smaller row groups$/;
  expect(() => cutUnits([file("a", [], [...groups(3), group])], 8)).toThrow(refusal);
});

test("a row of a unit is named by its row group, a unit by its first and last", () => {
  const unit = {
    id: 0,
    file: 0,
    rows: 7,
    rowGroups: [
      { index: 2, rows: 3 },
      { index: 4, rows: 4 },
    ],
  };
  expect([0, 2, 3, 6].map((row) => placeOf("a", unit, row))).toEqual([
    "a, row group 2, row 0",
    "a, row group 2, row 2",
    "a, row group 4, row 0",
    "a, row group 4, row 3",
  ]);
  expect(placeOfUnit("a", unit)).toBe("a, row groups 2 to 4");
  expect(placeOfUnit("a", { ...unit, rowGroups: [{ index: 2, rows: 3 }] })).toBe("a, row group 2");
});
