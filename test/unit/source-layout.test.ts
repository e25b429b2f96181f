import { expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import type { FileFooter, SourceColumn } from "../../lib/domain/source/parquet-source.ts";
import { commonDimension, mergeColumns } from "../../lib/domain/source/source-layout.ts";

const text = (name: string): SourceColumn => ({ name, type: "Utf8", carried: true, bytes: 0 });
const vector = (name: string, dimension: number | null = 8): SourceColumn => ({
  ...{ name, type: "List<Float32>", carried: true, bytes: 0 },
  vector: { layout: "list", dimension },
});

function file(key: string, columns: SourceColumn[], rowGroups: FileFooter["rowGroups"] = []) {
  const rows = rowGroups.reduce((sum, group) => sum + group.rows, 0);
  return { key, footer: { bytes: 0, rows, columns, rowGroups } };
}

test("problems of all files are told at once, twenty of them at most", () => {
  const names = { idColumn: "doc_id", vectorColumn: "vector" };
  const files = Array.from({ length: 30 }, (_, i) => file(`f${i}`, [text("doc_id")]));
  const refusal = expect.objectContaining({
    kind: "SourceInvalid",
    message: expect.stringMatching(/ and 10 more$/),
    issues: files
      .slice(0, limits.maxIssues)
      .map(({ key: path }) => ({ path, message: 'has no column "vector"' })),
    more: 30 - limits.maxIssues,
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
  expect(merged(many.slice(2))).toHaveLength(limits.maxColumns);
});

const names = { idColumn: "doc_id", vectorColumn: "vector" };
const other = (name: string, type: string, more: Partial<SourceColumn> = {}) => ({
  ...text(name),
  type,
  ...more,
});
const merged = (...files: SourceColumn[][]) =>
  mergeColumns(
    files.map((columns, i) => file(`f${i}`, [text("doc_id"), vector("vector"), ...columns])),
    names,
    8,
  );

test("the id is a string and the vector a list of its dimension, whatever they are in the files", () => {
  const integers = file("a", [other("doc_id", "Int64"), vector("vector")]);
  const uuids = file("b", [text("doc_id"), vector("vector", null)]);
  expect(mergeColumns([integers, uuids], names, 8)).toEqual([
    { name: "doc_id", type: "Utf8" },
    { name: "vector", type: "FixedSizeList[8]<Float32>" },
  ]);
});

test("columns are those of all files, of a type that holds the values of each", () => {
  expect(
    merged([other("a", "Int8")], [other("b", "Null"), other("a", "Uint8")], [other("a", "Int32")]).slice(2),
  ).toEqual([
    { name: "a", type: "Int32" },
    { name: "b", type: "Utf8" },
  ]);
});

test("bytes of any size may be strings in another file, those of a fixed size are none", () => {
  const [strings, binary] = [text("x"), other("x", "Binary")];
  const fixed = other("x", "Binary", { fixedBinary: "any" });
  expect(merged([strings], [binary])[2]).toEqual({ name: "x", type: "Utf8" });
  expect(() => merged([strings], [fixed])).toThrow("f1, column x: is Binary, in f0 it is Utf8");
  expect(() => merged([fixed], [binary], [strings])).toThrow("f2, column x");
  expect(merged([fixed], [binary])[2]).toEqual({ name: "x", type: "Binary" });
});

test.each([
  ..."_distance _DISTANCE _rowid _rowaddr score distance _relevance_score _origin _sealed_1".split(" "),
  ...["", "a.b", "a`b", "a\nb", "\u0080", "*", "x".repeat(limits.maxColumnNameLength + 1)],
])("a column named %j is refused", (name) => {
  expect(() => merged([text(name)])).toThrow(expect.objectContaining({ kind: "SourceInvalid" }));
});

test.each([
  "distances",
  "x_score",
  "origin",
  "_sealed",
  "a*b",
  "a b",
  "ü",
  "x".repeat(limits.maxColumnNameLength),
])("a column named %j is taken", (name) => {
  expect(merged([text(name)]).at(-1)?.name).toBe(name);
});

test("no column but the id may have the id's name in hits, nor lack what every file has to have", () => {
  const called = { idColumn: "key", vectorColumn: "vector" };
  const columns = [text("key"), vector("vector")];
  expect(() => mergeColumns([file("a", [...columns, text("doc_id")])], called, 8)).toThrow(
    "reserved for the id",
  );
  expect(mergeColumns([file("a", columns)], called, 8)).toHaveLength(2);
  for (const [less, message] of [
    [[text("key")], 'a: has no column "vector"'],
    [[vector("vector")], 'a: has no column "key"'],
    [[text("key"), text("vector")], 'a: column "vector" holds no vectors (Utf8)'],
  ] as const)
    expect(() => mergeColumns([file("a", [...less])], called, 8)).toThrow(message);
  expect(() => merged([other("x", "Map", { carried: false })])).toThrow("column x: Map cannot be stored");
  expect(() => merged([other("x", "Utf8", { encrypted: true })])).toThrow("column x: is encrypted");
});

test("only the vector column is made into vectors, whether it could be carried as it is or not", () => {
  expect(merged([vector("other")]).at(-1)).toEqual({ name: "other", type: "List<Float32>" });
  const uncarried = [text("doc_id"), { ...vector("vector"), carried: false }];
  expect(mergeColumns([file("a", uncarried)], names, 8)).toHaveLength(2);
});

test("an id of bytes of a fixed size is a string in every file", () => {
  const files = ["a", "b"].map((key) =>
    file(key, [other("doc_id", "Binary", { fixedBinary: "any" }), vector("vector")]),
  );
  expect(mergeColumns(files, names, 8)[0]).toEqual({ name: "doc_id", type: "Utf8" });
});

test("a name of any length is told by its beginning, what nobody sees as escapes", () => {
  const long = `a\n${"x".repeat(limits.maxColumnNameLength)}`;
  expect(() => merged([text(long)])).toThrow(`f0, column a\\n${"x".repeat(61)}: a column name may not`);
});

const ofDimension = (...dimensions: (number | null)[]) =>
  dimensions.map((dimension, i) => file(`f${i}`, [vector("vector", dimension)]));

test("the dimension is what the job says, or what files do, which all have to agree", () => {
  expect(commonDimension(ofDimension(null, 8, 8), "vector", undefined)).toBe(8);
  expect(commonDimension(ofDimension(null, 8), "vector", 8)).toBe(8);
  expect(commonDimension(ofDimension(null), "vector", 16)).toBe(16);
  expect(commonDimension(ofDimension(null), "vector", undefined)).toBeNull();
  expect(() => commonDimension(ofDimension(8, null, 9), "vector", undefined)).toThrow(/^f2: .* 9, f0 has 8$/);
  expect(() => commonDimension(ofDimension(8), "vector", 16)).toThrow(/^f0: .* 8, the job says 16$/);
  expect(commonDimension(ofDimension(limits.maxDimension), "vector", undefined)).toBe(limits.maxDimension);
  const long = limits.maxDimension + 1;
  const message = `vectors have dimension ${long}, at most ${limits.maxDimension}`;
  expect(() => commonDimension(ofDimension(long), "vector", undefined)).toThrow(
    expect.objectContaining({ kind: "SourceInvalid", issues: [{ path: "f0", message }] }),
  );
});

test("the dimension is that of the vector column, and files that have none say nothing of it", () => {
  const files = [
    file("a", [text("doc_id")]),
    file("b", [text("vector")]),
    file("c", [vector("other", 4), vector("vector", 8)]),
  ];
  expect(commonDimension(files, "vector", undefined)).toBe(8);
});
