import { expect, test } from "vitest";
import { partitionsOf, valueAs, withPartitions } from "../../lib/domain/source/partition-columns.ts";

const names = { idColumn: "doc_id", vectorColumn: "vector" };

function file(key: string, columns: Record<string, string> = {}) {
  const footerColumns = Object.entries({ doc_id: "Utf8", ...columns }).map(([name, type]) => ({
    name,
    type,
    carried: true,
    bytes: 0,
  }));
  return { key, footer: { bytes: 0, rows: 10, columns: footerColumns, rowGroups: [] } };
}

test.each<[string, string, [string, string | null][]]>([
  [
    "year=2024/lang=de/a.parquet",
    "",
    [
      ["year", "2024"],
      ["lang", "de"],
    ],
  ],
  ["part/year=2024/b/a.parquet", "", [["year", "2024"]]],
  ["lang=__HIVE_DEFAULT_PARTITION__/a.parquet", "", [["lang", null]]],
  ["na%20me=a%2Fb%3Dc/a.parquet", "", [["na me", "a/b=c"]]],
  ["lang=%C3%BC%FF%zz/a.parquet", "", [["lang", "%C3%BC%FF%zz"]]],
  ["lang=%C3%BC%zz/a.parquet", "", [["lang", "ü%zz"]]],
  ["a=b=c/a.parquet", "", [["a", "b=c"]]],
  ["=c/d=/a.parquet", "", [["d", ""]]],
  ["year=2024/a=b.parquet", "", [["year", "2024"]]],
])("what the directories of %s tell", (path, _, told) => {
  expect(partitionsOf("docs/", `docs/${path}`)).toEqual(told);
});

test("directories above the source tell nothing, and of a single file none do", () => {
  expect(partitionsOf("year=2024/", "year=2024/lang=de/a.parquet")).toEqual([["lang", "de"]]);
  expect(partitionsOf("year=2024/a.parquet/", "year=2024/a.parquet")).toEqual([]);
});

test.each([
  [["2023", "2024"], "Int32"],
  [["01", "-12", "__HIVE_DEFAULT_PARTITION__"], "Int32"],
  [["2147483647", "2147483648"], "Int64"],
  [["9223372036854775808"], "Utf8"],
  [["1", "1.5"], "Utf8"],
  [["2024-01-01"], "Utf8"],
  [["1", ""], "Utf8"],
  [["__HIVE_DEFAULT_PARTITION__"], "Utf8"],
  [["de", "en"], "Utf8"],
])("values %j are of type %s", (values, type) => {
  const files = withPartitions(
    values.map((value) => file(`d/k=${value}/a.parquet`)),
    "d/",
    names,
  );
  for (const { footer } of files)
    expect(footer.columns.map(({ name, type }) => [name, type])).toEqual([
      ["doc_id", "Utf8"],
      ["k", type],
    ]);
});

test.each([
  ["Utf8", "x"],
  ["Bool", "true"],
  ["Int16", "-7"],
  ["Uint32", "7"],
  ["Float32", "0.5"],
  ["Date32<DAY>", "2024-02-29"],
])("a column that files have as %s, too, takes the directory's %s", (type, value) => {
  const files = withPartitions([file(`d/k=${value}/a.parquet`, { k: type })], "d/", names);
  expect(files.map(({ footer }) => footer.columns.map(({ name }) => name))).toEqual([["doc_id", "k"]]);
});

test.each(["List<Int32>", "Timestamp<SECOND>", "Decimal[9e+2]", "Int128", "Date64<MILLISECOND>"])(
  "no directory stands for a column that files have as %s",
  (type) => {
    const together = () => withPartitions([file("d/k=1/a.parquet", { k: type })], "d/", names);
    expect(together).toThrow(`a directory says k=1, which is no ${type}`);
  },
);

test("what a directory says is counted in bytes for each row", () => {
  const files = withPartitions([file("d/k=abc/l=__HIVE_DEFAULT_PARTITION__/a.parquet")], "d/", names);
  expect(files[0]?.footer.columns.slice(1)).toMatchObject([
    { name: "k", carried: true, bytes: 30 },
    { name: "l", carried: true, bytes: 0 },
  ]);
});

test("directories may stand in another order, and may not tell the vector", () => {
  const [one, other] = withPartitions(
    [file("d/k=1/l=x/a.parquet"), file("d/l=2/k=3/b.parquet")],
    "d/",
    names,
  );
  const typesOf = (of: typeof one) =>
    Object.fromEntries(of?.footer.columns.map(({ name, type }) => [name, type]) ?? []);
  expect(typesOf(one)).toEqual({ doc_id: "Utf8", k: "Int32", l: "Utf8" });
  expect(typesOf(other)).toEqual(typesOf(one));
  expect(() => withPartitions([file("d/vector=1/a.parquet")], "d/", names)).toThrow(
    'a directory tells "vector", which each row has of its own',
  );
  expect(withPartitions([], "d/", names)).toEqual([]);
});

test("a column that files have, too, keeps its type, in those that lack it as well", () => {
  const files = withPartitions(
    [file("d/k=1/a.parquet"), file("d/k=2/b.parquet", { k: "Utf8" })],
    "d/",
    names,
  );
  expect(files.map(({ footer }) => footer.columns[1]?.type)).toEqual(["Utf8", "Utf8"]);
});

const hint = '; set partitionColumns to "ignore" to leave directories out';

test.each([
  ["d/a.parquet", {}, "d/a.parquet: its directories tell no columns, those of d/k=1/z.parquet k"],
  ["d/k=1/l=2/a.parquet", {}, "d/k=1/l=2/a.parquet: its directories tell k, l, those of d/k=1/z.parquet k"],
  ["d/k=1/k=2/a.parquet", {}, "d/k=1/k=2/a.parquet: its directories tell k, k, those of d/k=1/z.parquet k"],
  [
    "d/k=x/a.parquet",
    { k: "Int64" },
    "d/k=x/a.parquet: a directory says k=x, which is no Int64, as which files have that column",
  ],
  [
    "d/k=1/a.parquet",
    { k: "List<Utf8>" },
    "a directory says k=1, which is no List<Utf8>, as which files have that column",
  ],
])("files whose directories do not agree are refused: %s", (key, columns, message) => {
  const together = () => withPartitions([file("d/k=1/z.parquet"), file(key, columns)], "d/", names);
  expect(together).toThrow(message);
  expect(together).toThrow(hint);
});

test("a directory that tells the id, or the same twice, is refused", () => {
  expect(() => withPartitions([file("d/doc_id=1/a.parquet")], "d/", names)).toThrow(
    `d/doc_id=1/a.parquet: a directory tells "doc_id", which each row has of its own${hint}`,
  );
  expect(() => withPartitions([file("d/k=1/k=2/a.parquet")], "d/", names)).toThrow(
    'two of its directories tell "k"',
  );
});

test.each<[string, string, unknown]>([
  ["Utf8", "01", "01"],
  ["Int8", "127", 127],
  ["Int8", "128", undefined],
  ["UInt16", "-1", undefined],
  ["Uint16", "-1", undefined],
  ["Uint64", "18446744073709551615", 18446744073709551615n],
  ["Float32", "0.1", Math.fround(0.1)],
  ["Float64", "1e3", 1000],
  ["Float64", "", undefined],
  ["Bool", "True", true],
  ["Bool", "1", undefined],
  ["Date32<DAY>", "1970-01-02", 86_400_000],
  ["Date32<DAY>", "1970-13-02", undefined],
  ["Date32<DAY>", "2024-02-29", 1_709_164_800_000],
  ["Date32<DAY>", "2023-02-29", undefined],
  ["Date32<DAY>", "2023-04-31", undefined],
  ["Date32<DAY>", "0001-01-01", -62_135_596_800_000],
  ["Date32<DAY>", "2024-01-01T00:00", undefined],
  ["Date32<DAY>", "+012024-01-01", undefined],
  ["Int8", "-128", -128],
  ["Int8", "-129", undefined],
  ["Uint8", "255", 255],
  ["Uint8", "256", undefined],
  ["Int32", "-2147483648", -2147483648],
  ["Int64", "-9223372036854775808", -9223372036854775808n],
  ["Int64", "9223372036854775808", undefined],
  ["Uint64", "18446744073709551616", undefined],
  ["Int32", "007", 7],
  ["Int32", "1x", undefined],
  ["Int32", "x1", undefined],
  ["Int32", "+1", undefined],
  ["Float64", "0.1", 0.1],
  ["Float64", "-1.5E-3", -0.0015],
  ["Float64", "12", 12],
  ["Float64", "1.", undefined],
  ["Float64", ".5", undefined],
  ["Float64", "x1", undefined],
  ["Float64", "1x", undefined],
  ["Float64", "NaN", undefined],
  ["Bool", "FALSE", false],
  ["Bool", "untrue", undefined],
  ["Bool", "trues", undefined],
  ["Timestamp<SECOND>", "1970-01-02", undefined],
])("as %s the value %s is %s", (type, value, made) => {
  expect(valueAs(type, value)).toBe(made);
});
