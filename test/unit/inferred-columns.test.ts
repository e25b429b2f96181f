import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import {
  inferredColumns,
  streamedColumns,
  withoutUntold,
} from "../../lib/domain/documents/inferred-columns.ts";

const form = {
  ...{ idColumn: "key", vectorColumn: "vector", dimension: 2, metric: "cosine" as const },
  columns: [
    { name: "key", type: "Utf8" },
    { name: "vector", type: "FixedSizeList[2]<Float32>" },
  ],
};

const issuesOf = (documents: unknown[]) => {
  try {
    inferredColumns(form, documents);
  } catch (error) {
    return (error as { issues: { path: string; message: string }[] }).issues;
  }
  return [];
};

test("documents tell their columns by their values, but for the id and the vector", () => {
  const documents = [
    {
      key: "a",
      vector: [1, 2],
      text: "x",
      size: 1,
      price: 1,
      isNew: true,
      tags: ["x", null],
      none: null,
      empty: [],
    },
    {
      doc_id: "b",
      vector: [1, 2],
      price: 1.5,
      far: 2 ** 60,
      sizes: [1, 2.5],
      flags: [true],
      at: "2026-01-01T00:00:00Z",
    },
  ];
  const columns = inferredColumns(form, documents);
  expect(Object.fromEntries(columns.map(({ name, type }) => [name, type]))).toEqual({
    ...{ text: "Utf8", size: "Int64", price: "Float64", isNew: "Bool", tags: "List<Utf8>" },
    ...{ far: "Float64", sizes: "List<Float64>", flags: "List<Bool>", at: "Utf8" },
  });
  expect(withoutUntold(columns, { documents }).documents[0]).not.toHaveProperty("none");
});

test("values that no column holds, or not the same one, are named by their document", () => {
  expect(
    issuesOf([
      { key: "a", both: { a: 1 }, deep: [[1]], mixed: 1, "a.b": 1, _distance: 1 },
      { key: "b", mixed: "x", list: [1, "x"] },
    ]).map(({ path }) => path),
  ).toEqual([
    ...["documents[0].both", "documents[0].deep", "documents[0].a.b", "documents[0]._distance"],
    ...["documents[1].mixed", "documents[1].list"],
  ]);
  const many = Object.fromEntries(Array.from({ length: limits.maxColumns - 1 }, (_, i) => [`c${i}`, 1]));
  expect(issuesOf([many]).map(({ path }) => path)).toEqual([`documents[0].c${limits.maxColumns - 2}`]);
});

test("a stream's columns are as it tells, but for those that hold nulls alone", () => {
  const columns = [
    { name: "doc_id", type: "Utf8" },
    { name: "at", type: "Timestamp<MICROSECOND>" },
    { name: "none", type: "Null" },
    { name: "nones", type: "List<Null>" },
  ];
  expect(streamedColumns(form, columns)).toEqual([columns[1]]);
  expect(() => streamedColumns(form, [{ name: "score", type: "Utf8" }])).toThrow("schema.score");
});

test("whatever is sent tells columns, or is refused as a bad request", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 5 }), (documents) => {
      for (const { path } of issuesOf(documents)) expect(path).toMatch(/^documents\[\d\]\./);
    }),
    { numRuns: 2_000 },
  );
});
