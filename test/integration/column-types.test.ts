import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { describeWritten } from "../../lib/domain/documents/describe-written.ts";
import { fetchDocument } from "../../lib/domain/search/fetch-document.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import type { Filter } from "../../lib/domain/values/filter.ts";
import { kindOf } from "../../lib/domain/values/filter-types.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";

let lakehouse: Lakehouse;
let container: Container;

const parquet = join(import.meta.dirname, "../support/parquet");

beforeAll(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
  await mkdir(lakehouse.source, { recursive: true });
  for (const name of ["column-types", "int96"]) expect((await migrate(name)).error).toBeNull();
});
afterAll(() => lakehouse.remove());

/** A file of test/support/parquet, as an index of its name. */
async function migrate(name: string, more: object = {}) {
  await copyFile(join(parquet, `${name}.parquet`), join(lakehouse.source, `${name}.parquet`));
  const source = `source/${name}.parquet`;
  const told = { idColumn: "id", vectorColumn: "vector" };
  return runJob(container, { type: "migrate", index: name, source, ...told, ...more });
}

/** As a client sees it: what JSON makes of it. */
async function shown(index: string, docId: string): Promise<Record<string, unknown>> {
  const request = { index, docId, consistency: "eventual" } as const;
  return JSON.parse(JSON.stringify(await fetchDocument(container.indexes, request, 10_000)));
}

async function found(index: string, filter: unknown): Promise<string[]> {
  const request = parseSearchRequest({ vector: [1, 1], k: 10, filter, select: [] });
  const { hits } = await searchIndex(container.indexes, index, request, 10_000);
  return hits.map(({ doc_id }) => doc_id).sort();
}

const typeOf = async (index: string, column: string) =>
  (await container.registry.get(index)).value.published?.columns.find(({ name }) => name === column)?.type ??
  "";

/** Rows of the table of docs/columns.md by their first cell, and the column that stands for each. */
const columns: Record<string, string> = {
  "string, JSON, large or view": "text",
  ENUM: "kind",
  "dictionary, category": "category",
  boolean: "flag",
  "int 8, 16, 32; unsigned, too": "int8",
  "int 64": "int64",
  "unsigned int 64": "uint64",
  "half float": "half",
  float: "float",
  double: "double",
  "decimal, up to 38 digits": "dec_128",
  "decimal, few digits": "dec_short",
  "decimal, up to 76 digits": "dec_256",
  "timestamp(ms)": "ts_ms",
  "timestamp(us)": "ts_us",
  "timestamp(ns)": "ts_ns",
  "timestamp with a zone": "ts_zone",
  INT96: "at",
  date: "day",
  "time(ms)": "time_ms",
  "time(us)": "time_us",
  "time(ns)": "time_ns",
  "duration (of Arrow)": "dur_ns",
  UUID: "uuid",
  "binary, fixed or not": "bytes",
  "null throughout": "nothing",
  "list of any of these": "list_ts",
  "list of fixed size": "pair_ts",
};
const indexOf = (column: string) => (column === "at" ? "int96" : "column-types");

test("what a load has stored of every type is what it published", async () => {
  for (const index of ["column-types", "int96"]) {
    const { stats } = await describeWritten(container, index);
    expect(stats?.columnChanges).toEqual([]);
  }
});

test("docs/columns.md says of every type what is stored, shown and taken", async () => {
  const text = await readFile(join(import.meta.dirname, "../../docs/columns.md"), "utf8");
  const [table = ""] = text.split("\n\n").filter((part) => part.startsWith("| in Parquet |"));
  const rows = table.split("\n").slice(2).filter(Boolean);
  const cells = rows.map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  expect(cells.map(([name]) => name)).toEqual(Object.keys(columns));
  for (const [name = "", stored, json, operand = ""] of cells) {
    const column = columns[name] ?? "";
    const index = indexOf(column);
    expect(`\`${await typeOf(index, column)}\``, name).toBe(stored);
    expect(`\`${JSON.stringify((await shown(index, "b"))[column])}\``, name).toBe(json);
    if (operand === "–") continue;
    const value = JSON.parse(operand.slice(1, -1));
    expect(await found(index, { op: "eq", column, value }), name).toContain("b");
  }
});

/** Of rows `a`, `b` and `c` what is shown, in ascending order; row `n` is null. */
const extremes: Record<string, [unknown, unknown, unknown]> = {
  at: ["0001-01-01T00:00:00.000Z", "2025-01-01T00:00:00.123456Z", "9999-12-31T23:59:59.000Z"],
  ts_ms: ["-292275055-05-16T16:47:04.192Z", "2025-01-01T00:00:00.123Z", "+292278994-08-17T07:12:55.807Z"],
  ts_us: ["-290308-12-21T19:59:05.224192Z", "2025-01-01T00:00:00.123456Z", "+294247-01-10T04:00:54.775807Z"],
  ts_ns: [
    "1677-09-21T00:12:43.145224192Z",
    "2025-01-01T00:00:00.123456789Z",
    "2262-04-11T23:47:16.854775807Z",
  ],
  ts_zone: ["0001-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999999Z"],
  day: ["-5877641-06-23", "2024-02-29", "+5881580-07-11"],
  time_ms: ["00:00:00.000", "12:34:56.789", "23:59:59.999"],
  time_us: ["00:00:00.000", "12:34:56.789012", "23:59:59.999999"],
  time_ns: ["00:00:00.000", "12:34:56.789012345", "23:59:59.999999999"],
  dur_s: ["-PT9223372036854775808S", "PT90S", "PT9223372036854775807S"],
  dur_ns: ["-PT9223372036.854775808S", "PT90.500S", "PT9223372036.854775807S"],
  dec_short: [-9999999.99, 0.1, 9999999.99],
  dec_128: [
    "-9999999999999999999999999999.9999999999",
    "12345678901234567.0000000001",
    "9999999999999999999999999999.9999999999",
  ],
  dec_256: [`-${"9".repeat(56)}.${"9".repeat(20)}`, 1e-20, `${"9".repeat(56)}.${"9".repeat(20)}`],
  int8: [-128, 0, 127],
  int64: ["-9223372036854775808", "9007199254740993", "9223372036854775807"],
  uint64: [0, "9007199254740993", "18446744073709551615"],
  half: ["-Infinity", 0.0999755859375, 65_504],
  float: [-3.4028234663852886e38, Math.fround(0.1), "Infinity"],
  double: ["-Infinity", 0.1, Number.MAX_VALUE],
  text: ["", "a", "🌱"],
  kind: ["a", "b", "c"],
  category: ["x", "y", "z"],
  uuid: [
    "00000000-0000-0000-0000-000000000000",
    "00010203-0405-0607-0809-0a0b0c0d0e0f",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
  ],
};

describe.each(Object.entries(extremes))("%s", (column, values) => {
  const index = indexOf(column);
  const rows = ["a", "b", "c"];

  test("is shown as it is, from its least value to its greatest", async () => {
    const documents = await Promise.all([...rows, "n"].map((row) => shown(index, row)));
    expect(documents.map((document) => document[column])).toEqual([...values, null]);
  });

  test("is compared by what is shown", async () => {
    const filter = (op: string, value: unknown) => found(index, { op, column, value });
    for (const [i, value] of values.entries()) {
      expect(await filter("eq", value)).toEqual([rows[i]]);
      expect(await filter("ne", value)).toEqual(rows.filter((_, other) => other !== i));
      expect(await filter("lt", value)).toEqual(rows.slice(0, i));
      expect(await filter("gte", value)).toEqual(rows.slice(i));
      expect(await found(index, { op: "in", column, values: [value] })).toEqual([rows[i]]);
      expect(await found(index, { op: "between", column, low: value, high: values[2] })).toEqual(
        rows.slice(i),
      );
    }
    expect(
      await found(index, { op: "not", filter: { op: "gt", column, value: values[1] } } as Filter),
    ).toEqual(rows.slice(0, 2));
    expect(await found(index, { op: "is_null", column })).toEqual(["n"]);
  });
});

const lists: Record<string, unknown[]> = {
  list_ts: [[extremes["ts_us"]?.[0]], extremes["ts_us"]?.slice(1), [], null],
  list_at: [[extremes["at"]?.[0]], extremes["at"]?.slice(1), [], null],
  list_day: [[extremes["day"]?.[0]], extremes["day"]?.slice(1), [], null],
  list_time: [[extremes["time_us"]?.[0]], extremes["time_us"]?.slice(1), [], null],
  list_dur: [[extremes["dur_s"]?.[0]], extremes["dur_s"]?.slice(1), [], null],
  list_dec: [[extremes["dec_128"]?.[0]], extremes["dec_128"]?.slice(1), [], null],
  list_half: [[extremes["half"]?.[0]], extremes["half"]?.slice(1), [], null],
  list_category: [["x"], ["y", "x"], [], null],
  list_nothing: [[null], [], [null, null], null],
};

test.each(Object.entries(lists))("%s is shown item by item", async (column, expected) => {
  const index = column === "list_at" ? "int96" : "column-types";
  const documents = await Promise.all(["a", "b", "c", "n"].map((row) => shown(index, row)));
  expect(documents.map((document) => document[column])).toEqual(expected);
  expect(kindOf(await typeOf(index, column))).toBeUndefined();
});

test("INT96 that is said to be nanoseconds keeps them", async () => {
  expect((await migrate("int96-nanoseconds")).error).toBeNull();
  expect(await typeOf("int96-nanoseconds", "at")).toBe("Timestamp<NANOSECOND>");
  expect((await shown("int96-nanoseconds", "b"))["at"]).toBe("2025-01-01T00:00:00.123456789Z");
});

test("INT96 that is finer than its column is refused by file, row group, row and column", async () => {
  const { error } = await migrate("int96-too-fine");
  expect(error).toMatchObject({
    code: "source-invalid",
    message:
      "int96-too-fine.parquet, row group 0, row 0, column at: the time is finer than Timestamp<MICROSECOND>, as which it is stored",
  });
});
