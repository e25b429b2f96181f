import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connection, connect, type Table } from "@lancedb/lancedb";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { columnsOf } from "../../lib/adapters/arrow/arrow-schema.ts";
import { filterToSql } from "../../lib/adapters/lance/reading/filter-sql.ts";
import { jsonRows } from "../../lib/adapters/lance/rows/json-values.ts";
import { scalarIndex } from "../../lib/adapters/lance/writing/scalar-index.ts";
import type { Column } from "../../lib/domain/index/index-entry.ts";
import { listOf } from "../../lib/domain/values/column-types.ts";
import { type Filter, filter as filterSchema } from "../../lib/domain/values/filter.ts";
import { isFilterable } from "../../lib/domain/values/filter-types.ts";
import { judged } from "../support/filter-oracle.ts";
import { type ColumnName, filterTable, oddNames, rowCount, valueAt } from "../support/filter-rows.ts";

let folder: string;
let connection: Connection;
let table: Table;
let columns: Column[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "filter-"));
  connection = await connect(folder);
  table = await connection.createTable("t", filterTable());
  columns = columnsOf(await table.schema());
});

afterAll(async () => {
  table.close();
  connection.close();
  await rm(folder, { recursive: true, force: true });
});

/** The ids a search with the filter finds. */
async function found(filter: Filter): Promise<number[]> {
  const query = table
    .query()
    .nearestTo([1, 2])
    .column("vector")
    .limit(rowCount)
    .where(filterToSql(filter, columns));
  const rows = jsonRows(await query.select(["doc_id", "_distance"]).toArrow(), ["doc_id"]);
  return rows.map((row) => Number(row["doc_id"])).sort((a, b) => a - b);
}

const rows = Array.from({ length: rowCount }, (_, row) => row);

test("LanceDB finds with any filter exactly the rows that it describes", async () => {
  await fc.assert(
    fc.asyncProperty(judged, async ({ filter, holds }) => {
      expect(filterSchema.safeParse(filter).success).toBe(true);
      expect(await found(filter)).toEqual(rows.filter((row) => holds(row) === true));
    }),
    { numRuns: 1_500 },
  );
});

describe("with a scalar index on every column", () => {
  beforeAll(async () => {
    for (const { name, type } of columns.filter(({ type }) => isFilterable(type))) {
      if (listOf(type)?.size !== undefined) continue;
      await table.createIndex(`\`${name}\``, { config: scalarIndex(type) });
    }
  });

  test("LanceDB finds the same rows", async () => {
    await fc.assert(
      fc.asyncProperty(judged, async ({ filter, holds }) => {
        expect(await found(filter)).toEqual(rows.filter((row) => holds(row) === true));
      }),
      { numRuns: 1_500 },
    );
  });
});

test("a null is no answer to the negation of lists that exclude one another", async () => {
  const column = columns.find(({ type }) => type === "Float64")?.name ?? "";
  const none: Filter = {
    op: "and",
    filters: [0, 1].map((value) => ({ op: "in", column, values: [value] })),
  };
  const nulls = await found({ op: "is_null", column });
  expect(nulls.length).toBeGreaterThan(0);
  const outside = await found({ op: "not", filter: none });
  const isNaNAt = (row: number) => Number.isNaN(valueAt(column as ColumnName, row));
  expect(outside).toEqual(rows.filter((row) => !nulls.includes(row) && !isNaNAt(row)));
});

test("every stored value can be read and sent back to find its row", async () => {
  const names = columns.map(({ name }) => name).filter((name) => name !== "vector");
  const read = jsonRows(await table.query().select(names).toArrow(), names);
  for (const [i, row] of read.entries())
    for (const name of names) {
      const value = JSON.parse(JSON.stringify(row[name])) as string | null;
      if (value === "NaN" || Array.isArray(value)) continue; // in no comparison, or not in one of this kind
      const filter: Filter =
        value === null ? { op: "is_null", column: name } : { op: "eq", column: name, value };
      expect(await found(filter), `${name} of row ${i}: ${JSON.stringify(value)}`).toContain(i);
    }
});

test("what is no finite number is shown as what it is, and NaN is not null", async () => {
  const names = ["float32", "float64"];
  const read = jsonRows(await table.query().select(names).toArrow(), names);
  for (const name of names) {
    const shown = new Set(read.map((row) => row[name]).filter((value) => typeof value === "string"));
    expect([...shown].sort()).toEqual(["-Infinity", "Infinity", "NaN"]);
    const nulls = await found({ op: "is_null", column: name });
    expect(nulls).toEqual(rows.filter((row) => read[row]?.[name] === null));
  }
});

test("columns are selected by names that SQL would read as something else", async () => {
  const query = table.query().select(["doc_id", ...oddNames]);
  const [first, second] = jsonRows(await query.toArrow(), oddNames);
  for (const name of oddNames) expect([first?.[name], second?.[name]]).toEqual([valueAt("text", 0), "a"]);
});
