import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import { unitsOf } from "../../lib/domain/jobs/plan.ts";
import type { FileFooter, SourceColumn } from "../../lib/domain/source/parquet-source.ts";
import { batchRowsOf, cutUnits, pageRowsOf, placeOf, placeOfUnit } from "../../lib/domain/source/units.ts";

function file(key: string, columns: SourceColumn[], rowGroups: FileFooter["rowGroups"] = []) {
  const rows = rowGroups.reduce((sum, group) => sum + group.rows, 0);
  return { key, footer: { bytes: 0, rows, columns, rowGroups } };
}

const groups = (...rows: number[]) => rows.map((count) => ({ rows: count, bytes: count * 10 }));

test("row groups are joined up to the rows of a unit, empty ones are left out", () => {
  const half = limits.maxUnitRows / 2;
  const units = cutUnits(
    [file("a", [], groups(0, half, half, 0, 1)), file("b", [], groups(0)), file("c", [], groups(5))],
    8,
    2,
  );
  expect(units).toEqual([
    {
      id: 0,
      file: 0,
      rows: 2 * half,
      firstRow: 0,
      rowGroups: [
        { index: 1, rows: half },
        { index: 2, rows: half },
      ],
    },
    { id: 1, file: 0, firstRow: 0, rows: 1, rowGroups: [{ index: 4, rows: 1 }] },
    { id: 2, file: 2, firstRow: 0, rows: 5, rowGroups: [{ index: 0, rows: 5 }] },
  ]);
});

test("row groups are joined up to the bytes of a unit, by what the file says or the schema needs", () => {
  const half = limits.unitTargetBytes / 2;
  const said = [
    { rows: 1, bytes: half },
    { rows: 1, bytes: half },
    { rows: 1, bytes: 1 },
  ];
  expect(cutUnits([file("a", [], said)], 1, 2).map(({ rows }) => rows)).toEqual([2, 1]);
  expect(cutUnits([file("a", [], groups(1, 1, 1))], half, 2).map(({ rows }) => rows)).toEqual([2, 1]);
});

test("a row group is cut by what its rows take when values of a dictionary are written out, as it is read by what is stored", () => {
  const [rows, width] = [10_000, 20_000];
  const said = { rows, bytes: 1_000_000, moreBytes: rows * width };
  const units = cutUnits([file("a", [], [said, said])], 100, 8);
  expect(units.reduce((sum, unit) => sum + unit.rows, 0)).toBe(2 * rows);
  for (const unit of units) expect(unit.rows * width).toBeLessThanOrEqual(limits.unitTargetBytes);
  const huge = { ...said, moreBytes: 10 * limits.maxRowGroupBytes };
  const few = cutUnits([file("a", [], [huge])], 100, 8).map((unit) => unit.rows);
  expect(Math.max(...few)).toBe(limits.minPartRows);
});

test.each([
  [10_000, 768, [3_334, 3_334, 3_332]],
  [1_000, 768, [1_000]],
  [limits.maxUnitRows, 8, [limits.maxUnitRows]],
  [1, 16_384, [1]],
])(
  "%i rows of dimension %i are appended in as few batches as make whole pages",
  (rows, dimension, batches) => {
    const size = pageRowsOf(rows, dimension);
    const sizes = Array.from({ length: Math.ceil(rows / size) }, (_, i) => Math.min(size, rows - i * size));
    expect(sizes).toEqual(batches);
  },
);

test("a part of a row group is one batch, so that the next part begins where a batch does", () => {
  for (const dimension of [2, 100, 768, 4_096, 16_384]) {
    const rows = Math.ceil((3 * limits.maxUnitBytes) / (4 * dimension));
    const group = { rows, bytes: 4 * dimension * rows };
    const units = cutUnits([file("a", [], [group])], 4 * dimension, dimension);
    expect(units.length).toBeGreaterThan(3);
    for (const unit of units) expect(pageRowsOf(unit.rows, dimension)).toBe(unit.rows);
  }
});

test("a row group that memory cannot hold is refused by its place", () => {
  const group = { rows: 10, bytes: limits.maxRowGroupBytes + 1 };
  const refusal = /^a, row group 1: holds \d+ bytes, at most \d+; write the file with smaller row groups$/;
  expect(() => cutUnits([file("a", [], [...groups(3), group])], 8, 2)).toThrow(refusal);
});

test("a row of a unit is named by its row group, a unit by its first and last", () => {
  const unit = {
    id: 0,
    file: 0,
    rows: 7,
    firstRow: 0,
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

test("a row group larger than a unit is cut at whole batches, and its rows keep their places", () => {
  const dimension = 768;
  const large = { rows: 100_000, bytes: 100_000 * dimension * 4 };
  const units = cutUnits([file("a", [], [...groups(10), large, ...groups(7)])], dimension * 4, dimension);
  const cut = units.filter(({ rowGroups }) => rowGroups[0]?.index === 1);
  expect(units).toHaveLength(cut.length + 2);
  expect(cut.reduce((rows, unit) => rows + unit.rows, 0)).toBe(100_000);
  let next = 0;
  for (const unit of cut) {
    expect(unit.firstRow).toBe(next);
    expect(unit.firstRow % batchRowsOf(dimension)).toBe(0);
    expect(unit.rows * dimension * 4).toBeLessThanOrEqual(limits.unitTargetBytes);
    next += unit.rows;
  }
  const second = cut[1] as (typeof cut)[number];
  expect(placeOf("a", second, 5)).toBe(`a, row group 1, row ${second.firstRow + 5}`);
});

test("the units of a job are shared out in runs, each to one worker", () => {
  const units = cutUnits(
    [
      file(
        "a",
        [],
        Array.from({ length: 11 }, () => ({ rows: 1, bytes: limits.unitTargetBytes })),
      ),
    ],
    8,
    2,
  );
  for (const workers of [1, 2, 3, 8, 11]) {
    const shares = Array.from({ length: workers }, (_, worker) => unitsOf({ units, workers }, worker));
    expect(shares.flat()).toEqual(units);
    const sizes = shares.map(({ length }) => length);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  }
});

test.each([
  [1, 262_144],
  [2, 131_072],
  [768, 341],
  [16_384, 16],
  [1_000_000, 1],
])("of dimension %i a megabyte of vectors is decoded at a time: %i rows, one at least", (dimension, rows) => {
  expect(batchRowsOf(dimension)).toBe(rows);
});

const mb = 1_048_576;

/** The rows of each unit that one row group of so many bytes a row becomes. */
const cutInto = (rows: number, bytesPerRow: number, bytes = rows * bytesPerRow) =>
  cutUnits([file("a", [], [{ rows, bytes, moreBytes: rows * bytesPerRow - bytes }])], 1, 1_024).map(
    (unit) => unit.rows,
  );

test("the largest row group that is appended as a whole is, one row more is cut to units", () => {
  const whole = limits.maxUnitBytes / 4_096;
  expect(cutInto(whole, 4_096)).toEqual([whole]);
  expect(cutInto(whole + 1, 4_096)).toEqual([4_096, 4_096, 2_049]);
});

test.each([
  [80, 16],
  [240, 16],
  [280, 8],
  [300, 4],
  [1_024, 4],
])("of a row group of %i MB, which is in memory twice, parts have %i MB", (stored, part) => {
  const [first = 0, ...others] = cutInto(stored * 256, 4_096);
  expect(first * 4_096).toBe(part * mb);
  expect(others.slice(0, -1).every((rows) => rows === first)).toBe(true);
});

test("a part has no more rows than a unit, however short they are", () => {
  const rows = 1_000_000;
  expect(Math.max(...cutInto(rows, 50))).toBe(limits.maxUnitRows);
});

test("small row groups behind a large one are joined to each other, not to its last part", () => {
  const large = { rows: 20_480, bytes: 80 * mb };
  const small = { rows: 10, bytes: 40_960 };
  const units = cutUnits([file("a", [], [small, large, small, small])], 4_096, 1_024);
  const shapes = units.map(({ firstRow, rowGroups }) => [firstRow, ...rowGroups.map(({ index }) => index)]);
  expect(shapes[0]).toEqual([0, 0]);
  expect(shapes.slice(1, -1).every(([, ...groups]) => groups.join() === "1")).toBe(true);
  expect(shapes.at(-1)).toEqual([0, 2, 3]);
});

test("every row is in one unit, in order, whatever the row groups are", () => {
  const group = fc.record({
    rows: fc.integer({ min: 0, max: 200_000 }),
    bytes: fc.integer({ min: 0, max: 300 * mb }),
    moreBytes: fc.integer({ min: 0, max: 300 * mb }),
  });
  const someFiles = fc.array(fc.array(group, { maxLength: 4 }), { maxLength: 3 });
  fc.assert(
    fc.property(someFiles, fc.integer({ min: 1, max: 2_048 }), (given, dimension) => {
      const files = given.map((rowGroups, i) => file(`f${i}`, [], rowGroups));
      const units = cutUnits(files, 4 * dimension, dimension);
      expect(units.map(({ id }) => id)).toEqual(units.map((_, i) => i));
      const taken = given.map((rowGroups) => rowGroups.map(() => 0));
      for (const { file, firstRow, rows, rowGroups } of units) {
        expect(rows).toBe(rowGroups.reduce((sum, one) => sum + one.rows, 0));
        expect(rows).toBeLessThanOrEqual(Math.max(limits.maxUnitRows, rowGroups[0]?.rows ?? 0));
        for (const one of rowGroups) {
          const before = taken[file] as number[];
          expect(firstRow).toBe(before[one.index]);
          before[one.index] = firstRow + one.rows;
        }
      }
      expect(taken).toEqual(given.map((rowGroups) => rowGroups.map(({ rows }) => rows)));
    }),
    { numRuns: 300 },
  );
});
