import { expect, test } from "vitest";
import { chooseColumns } from "../../lib/domain/source/choose-columns.ts";
import type { SourceColumn } from "../../lib/domain/source/parquet-source.ts";

const plain = (name: string, type: string): SourceColumn => ({ name, type, carried: true, bytes: 0 });
const text = (name: string) => plain(name, "Utf8");
const integer = (name: string) => plain(name, "Int64");
const uuid = (name: string): SourceColumn => ({ ...text(name), fixedBinary: "uuid" });
/** Sixteen bytes of a file that does not say what they are: four float32, too. */
const bytes16 = (name: string): SourceColumn => ({
  ...plain(name, "Binary"),
  fixedBinary: "any",
  vector: { layout: "binary", dimension: 4 },
});
const vector = (name: string): SourceColumn => ({
  ...plain(name, "List<Float32>"),
  vector: { layout: "list", dimension: 8 },
});

const counts = (name: string): SourceColumn => ({
  ...plain(name, "List<Int32>"),
  vector: { layout: "list", dimension: 8, integers: true },
});

const file = (key: string, columns: SourceColumn[]) => ({
  key,
  footer: { bytes: 0, rows: 1, columns, rowGroups: [] },
});

function choose(columns: SourceColumn[], told: { idColumn?: string; vectorColumn?: string } = {}) {
  return chooseColumns([file("a", columns)], told);
}

const idOf = (...columns: SourceColumn[]) => choose([...columns, vector("vector")]).id;

test.each<[string, SourceColumn[], string]>([
  ["doc_id", [text("doc_id"), text("chunk_text"), integer("chunk_idx")], "doc_id"],
  ["id beside an integer", [integer("n"), text("id"), integer("chunk_idx")], "id"],
  ["a UUID beside an integer", [uuid("id"), integer("chunk")], "id"],
  ["bytes of a fixed size", [bytes16("_id"), text("text")], "_id"],
  ["an integer", [integer("ID"), text("text")], "ID"],
  ["docId beside ids of other things", [text("docId"), text("user_id"), integer("parent_id")], "docId"],
  ["doc_id beside a key", [text("doc_id"), integer("key")], "doc_id"],
  ["uuid", [text("uuid"), text("text")], "uuid"],
  ["key, where nothing has a better name", [text("key"), text("text")], "key"],
])("an id is found by its name: %s", (_, columns, name) => {
  expect(idOf(...columns)).toEqual({ name, why: "named like an id" });
});

test.each<[string, SourceColumn[], string]>([
  ["a string", [text("text"), plain("score2", "Float64"), plain("tags", "List<Utf8>")], "text"],
  ["a UUID", [uuid("row"), plain("n", "Float64")], "row"],
  ["an integer with a name that may mean it", [integer("chunk_id"), plain("x", "Float32")], "chunk_id"],
])("an id is found as the only column that can be one: %s", (_, columns, name) => {
  expect(idOf(...columns)).toEqual({ name, why: "the only column that can be an id" });
});

const misfit = (column: string) =>
  `a: column ${column} is named like an id and is not a string, integer, UUID or fixed-size binary; tell which column is with idColumn`;

test.each<[string, SourceColumn[], string]>([
  [
    "an id that is a number with a fraction",
    [plain("id", "Float64"), integer("n")],
    `${misfit('"id" (Float64)')}; these could be: n (Int64)`,
  ],
  [
    "an id that is a struct, beside a doc_id",
    [plain("id", "Struct<{a:Int32}>"), text("doc_id")],
    `${misfit('"id" (Struct<{a:Int32}>)')}; these could be: doc_id (Utf8)`,
  ],
  ["an id that is a list", [plain("_id", "List<Utf8>")], misfit('"_id" (List<Utf8>)')],
  [
    "an id of some other thing that cannot be one, beside a text",
    [plain("article_id", "Float64"), text("text")],
    `${misfit('"article_id" (Float64)')}; these could be: text (Utf8)`,
  ],
  [
    "two names",
    [text("id"), text("doc_id"), text("text")],
    "a: more than one could be the id column: id (Utf8), doc_id (Utf8); name it with idColumn",
  ],
  [
    "two spellings",
    [text("id"), integer("ID")],
    "a: more than one could be the id column: id (Utf8), ID (Int64); name it with idColumn",
  ],
  [
    "a key beside the id of some thing",
    [integer("key"), text("track_id")],
    "a: more than one could be the id column: key (Int64), track_id (Utf8); name it with idColumn",
  ],
  [
    "no name, and several that fit",
    [integer("n"), text("text")],
    "a: more than one could be the id column: n (Int64), text (Utf8); name it with idColumn",
  ],
  [
    "an integer that only counts or classifies",
    [integer("label"), plain("weight", "Float64")],
    "a: column label (Int64) alone could be the id column, but is not named like an id; tell which column is with idColumn",
  ],
  [
    "bytes that are not called an id",
    [bytes16("hash"), plain("n", "Float64")],
    "a: has no id column (a string, integer, UUID or fixed-size binary); name it with idColumn",
  ],
])("where the id is not plain the job has to tell: %s", (_, columns, message) => {
  const all = [...columns, vector("vector")];
  expect(() => choose(all)).toThrow(message);
  const [first] = columns;
  if (first && (first.fixedBinary || /Utf8$|^Int64$/.test(first.type)))
    expect(choose(all, { idColumn: first.name }).id).toEqual({ name: first.name, why: "told by the job" });
});

const vectorOf = (...columns: SourceColumn[]) => choose([text("doc_id"), ...columns]).vector;

test("a vector is found by its name or as the only one, and is no id of as many bytes", () => {
  expect(vectorOf(vector("v"), vector("embedding"))).toEqual({
    name: "embedding",
    why: "named like a vector",
  });
  expect(vectorOf(vector("v"), vector("values")).name).toBe("values");
  expect(vectorOf(vector("v"), text("vector")).why).toBe("the only column that can be a vector");
  expect(choose([bytes16("id"), vector("v")])).toMatchObject({ id: { name: "id" }, vector: { name: "v" } });
  expect(choose([text("id"), bytes16("v")]).vector.name).toBe("v");
  expect(
    choose([bytes16("id"), bytes16("vector")], { vectorColumn: "id", idColumn: "vector" }),
  ).toMatchObject({
    id: { name: "vector" },
    vector: { name: "id" },
  });
});

test("where the vector is not plain the job has to tell", () => {
  expect(() => vectorOf(vector("vector"), vector("embedding"))).toThrow(
    "a: more than one could be the vector column: vector (List<Float32>), embedding (List<Float32>); name it with vectorColumn",
  );
  expect(() => vectorOf(vector("title"), vector("body"))).toThrow("more than one could be the vector column");
  expect(() => vectorOf(plain("embedding", "List<Int64>"), vector("v"))).toThrow(
    'a: column "embedding" (List<Int64>) is named like a vector and is not a list, fixed-size list or binary of floats; tell which column is with vectorColumn; these could be: v (List<Float32>)',
  );
  expect(choose([text("doc_id"), vector("a"), vector("b")], { vectorColumn: "b" }).vector).toEqual({
    name: "b",
    why: "told by the job",
  });
});

test("a list of integers is a vector only where it is called one, or told", () => {
  expect(vectorOf(counts("tags"), vector("v")).name).toBe("v");
  expect(vectorOf(counts("vector"), vector("v")).name).toBe("vector");
  expect(vectorOf(counts("values"), counts("tags")).name).toBe("values");
  expect(vectorOf(counts("values"), counts("tags"), vector("v")).name).toBe("v");
  expect(() => vectorOf(counts("tags"))).toThrow(
    "a: has no vector column (a list, fixed-size list or binary of floats); name it with vectorColumn. It has: doc_id (Utf8), tags (List<Int32>)",
  );
  expect(choose([text("id"), counts("tags")], { vectorColumn: "tags" }).vector.name).toBe("tags");
});

test("a column that the job tells has to be there, and to fit", () => {
  const columns = [text("id"), plain("n", "Float64"), vector("v")];
  const has = "it has: id (Utf8), n (Float64), v (List<Float32>)";
  expect(() => choose(columns, { vectorColumn: "w" })).toThrow(`a: has no column "w"; ${has}`);
  expect(() => choose(columns, { vectorColumn: "n" })).toThrow(
    `a: column "n" is not a list, fixed-size list or binary of floats; ${has}`,
  );
  expect(() => choose(columns, { idColumn: "n" })).toThrow(
    `a: column "n" is not a string, integer, UUID or fixed-size binary; ${has}`,
  );
});

test("no column is both the id and the vector", () => {
  expect(choose([bytes16("h"), bytes16("w")], { idColumn: "h" }).vector.name).toBe("w");
  expect(choose([bytes16("uuid"), text("t")], { vectorColumn: "uuid" }).id.name).toBe("t");
});

test("a message shows a UUID as such, and offers no other column where none could be it", () => {
  expect(() => idOf(uuid("id"), uuid("uuid"))).toThrow("id column: id (UUID), uuid (UUID); name it");
  expect(() => choose([plain("id", "Float64"), vector("vector")])).toThrow(/with idColumn$/);
});

test("a column is what it is in every file", () => {
  const both = (one: SourceColumn[], other: SourceColumn[]) =>
    chooseColumns([file("a", [...one, vector("v")]), file("b", [...other, vector("v")])], {});
  expect(() => both([text("t")], [plain("t", "Float64")])).toThrow("a: has no id column");
  expect(() => both([bytes16("hash")], [text("hash")])).toThrow("a: has no id column");
  expect(() => both([integer("label")], [text("label")])).toThrow(
    "a: column label (Int64 or Utf8) alone could be the id column, but is not named like an id",
  );
  expect(both([text("id"), vector("w")], [text("id"), counts("w")]).vector.name).toBe("v");
  expect(both([text("id"), vector("embedding")], [text("id"), text("embedding")]).vector.name).toBe("v");
  expect(both([bytes16("hash"), text("id")], [uuid("hash"), text("id")]).id.name).toBe("id");
});

test("all files are looked at, and the one that makes it doubtful is named", () => {
  const first = file("a", [text("id"), vector("vector")]);
  const other = (...columns: SourceColumn[]) => [first, file("b", [...columns, vector("vector")])];
  expect(chooseColumns(other(integer("id")), {}).id.name).toBe("id");
  expect(() => chooseColumns(other(plain("id", "Float64")), {})).toThrow(
    'b: column "id" (Float64) is named like',
  );
  const third = file("c", [plain("id", "Float64"), vector("vector")]);
  expect(() => chooseColumns([...other(plain("id", "Float64")), third], {})).toThrow('b: column "id"');
  expect(() => chooseColumns(other(text("id"), text("uuid")), {})).toThrow("id (Utf8), uuid (Utf8)");
  expect(() => chooseColumns(other(bytes16("id")), {})).toThrow(
    "b, column id: is fixed-size binary, in a it is Utf8: the same id would be two",
  );
  expect(chooseColumns(other(uuid("id")), {}).id.name).toBe("id");
  const bytes6: SourceColumn = { ...plain("id", "Binary"), fixedBinary: "any" };
  const sizes = [bytes16("id"), bytes6].map((id, i) => file(`${i}`, [id, vector("vector")]));
  expect(chooseColumns(sizes, {}).id.name).toBe("id");
});
