import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import { type DocumentForm, documentBatch, storedId } from "../../lib/domain/documents/document-batch.ts";
import type { DomainError } from "../../lib/domain/errors.ts";

const form: DocumentForm = {
  idColumn: "key",
  vectorColumn: "vector",
  dimension: 2,
  metric: "cosine",
  columns: [
    { name: "key", type: "Utf8" },
    { name: "size", type: "Int64" },
    { name: "vector", type: "FixedSizeList[2]<Float32>" },
  ],
};
const withIds = (type: string) => ({
  ...form,
  columns: form.columns.map((column) => (column.name === "key" ? { name: "key", type } : column)),
});

function refusalOf(work: () => unknown): DomainError {
  try {
    work();
  } catch (error) {
    return error as DomainError;
  }
  throw new Error("nothing was refused");
}

const issuesOf = (documents: unknown[], of = form) =>
  (refusalOf(() => documentBatch(of, documents)).issues ?? []).map(
    ({ path, message }) => `${path} ${message}`,
  );

test("a document is a value for each column, in their order; what it lacks is null", () => {
  const { columns, rows } = documentBatch(form, [
    { vector: [1, 2], key: "a", size: "9007199254740993" },
    { key: "b", vector: [0, 1] },
  ]);
  expect(columns).toEqual(form.columns);
  expect(rows).toEqual([
    ["a", 9007199254740993n, [1, 2]],
    ["b", null, [0, 1]],
  ]);
});

test("the id is taken as answers name it, too, unless a column is called so", () => {
  expect(documentBatch(form, [{ doc_id: "a", vector: [1, 2] }]).rows).toEqual([["a", null, [1, 2]]]);
  expect(issuesOf([{ doc_id: "a", key: "b", vector: [1, 2] }])).toEqual([
    "documents[0].doc_id no such column; there are: key, size, vector",
  ]);
  const other = { ...form, columns: [...form.columns, { name: "doc_id", type: "Utf8" }] };
  expect(documentBatch(other, [{ doc_id: "a", key: "b", vector: [1, 2] }]).rows).toEqual([
    ["b", null, [1, 2], "a"],
  ]);
});

test.each([
  ["text", "must be an object"],
  [null, "must be an object"],
  [[], "must be an object"],
  [{ vector: [1, 2] }, ".key every document has an id"],
  [{ key: null, vector: [1, 2] }, ".key every document has an id"],
  [{ key: "", vector: [1, 2] }, ".key must have 1 to 1024 characters"],
  [{ key: "x".repeat(limits.maxDocIdLength + 1), vector: [1, 2] }, ".key must have 1 to 1024 characters"],
  [{ key: "\ud800", vector: [1, 2] }, ".key must be a string of well-formed Unicode"],
  [{ key: 1, vector: [1, 2] }, ".key must be a string"],
  [{ key: "a" }, ".vector must be an array of 2 numbers"],
  [{ key: "a", vector: null }, ".vector must be an array of 2 numbers"],
  [{ key: "a", vector: [1, 2, 3] }, ".vector has 3 numbers, the index's vectors have 2"],
  [
    {
      key: "a",
      vector: [
        [1, 2],
        [3, 4],
      ],
    },
    ".vector several vectors of one document are not searched",
  ],
  [{ key: "a", vector: [1, "2"] }, ".vector[1] must be a finite number"],
  [{ key: "a", vector: [Number.NaN, 1] }, ".vector[0] must be a finite number"],
  [{ key: "a", vector: [1e18, 1e18] }, ".vector is too long"],
  [{ key: "a", vector: [0, 0] }, ".vector has the length 0, which has no cosine"],
  [{ key: "a", vector: [1, 2], size: 1.5 }, ".size must be an integer"],
  [{ key: "a", vector: [1, 2], __proto__: null, constructor: 1 }, ".constructor no such column"],
])("%j is refused where it is wrong", (document, message) => {
  const place = message.startsWith(".") ? `documents[1]${message}` : `documents[1] ${message}`;
  expect(issuesOf([{ key: "good", vector: [1, 2] }, document])).toEqual([expect.stringContaining(place)]);
});

test("a vector of the length 0 has distances but the cosine", () => {
  const rows = (metric: "l2" | "dot") =>
    documentBatch({ ...form, metric }, [{ key: "a", vector: [0, 0] }]).rows;
  for (const metric of ["l2", "dot"] as const) expect(rows(metric)).toEqual([["a", null, [0, 0]]]);
});

test("an id twice in a request is refused, integers by their value", () => {
  const documents = (ids: unknown[]) => ids.map((key) => ({ key, vector: [1, 2] }));
  expect(issuesOf(documents(["a", "b", "a", "a"]))).toEqual([
    "documents[2].key is the id of documents[0], too",
    "documents[3].key is the id of documents[0], too",
  ]);
  expect(issuesOf(documents([1, "01"]), withIds("Int64"))).toEqual([
    "documents[1].key is the id of documents[0], too",
  ]);
});

test("an error names so many problems, and counts the others", () => {
  const refused = refusalOf(() => documentBatch(form, new Array(limits.maxIssues + 5).fill(1)));
  expect(refused).toMatchObject({ kind: "BadRequest" });
  expect(refused.issues).toHaveLength(limits.maxIssues);
  expect(refused.message).toMatch(/^25 problems: /);
});

test("an id of a request is as its column holds it", () => {
  expect(storedId(form, "7", "ids[0]")).toBe("7");
  expect(storedId(withIds("Int64"), "7", "ids[0]")).toBe(7n);
  expect(refusalOf(() => storedId(withIds("Int64"), "a", "ids[3]")).issues).toEqual([
    { path: "ids[3]", message: expect.stringContaining("must be an integer") },
  ]);
});

test("whatever is sent is taken as a row for each document, or refused as a bad request", () => {
  const field = fc.oneof(fc.constantFrom("key", "size", "vector", "doc_id"), fc.string());
  const document = fc.oneof(
    fc.jsonValue(),
    fc.dictionary(field, fc.oneof(fc.jsonValue(), fc.array(fc.double(), { minLength: 2, maxLength: 2 }))),
    fc.record({ key: fc.string(), vector: fc.tuple(fc.double(), fc.double()) }),
  );
  fc.assert(
    fc.property(fc.array(document, { maxLength: 5 }), (documents) => {
      try {
        const { rows } = documentBatch(form, documents);
        expect(rows.map((row) => row.length)).toEqual(documents.map(() => 3));
      } catch (error) {
        expect(error).toMatchObject({ kind: "BadRequest" });
      }
    }),
    { numRuns: 2_000 },
  );
});

test("a vector is held to the lengths that a load takes, in float32", () => {
  const vector = (values: number[]) => [{ key: "a", vector: values }];
  for (const metric of ["cosine", "l2"] as const)
    for (const values of [
      [1e-25, 0],
      [1e30, 0],
      [1e39, 0],
    ])
      expect(issuesOf(vector(values), { ...form, metric })).toEqual([
        expect.stringMatching(/^documents\[0\]\.vector is too (short|long)/),
      ]);
  for (const values of [
    [0, 0],
    [1e-200, 0],
  ]) {
    expect(issuesOf(vector(values))).toEqual([expect.stringContaining("length 0")]);
    expect(documentBatch({ ...form, metric: "l2" }, vector(values)).rows).toHaveLength(1);
  }
});
