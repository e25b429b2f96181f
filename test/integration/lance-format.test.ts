import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type Table } from "@lancedb/lancedb";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { columnsStart, dataTrailerBytes, pagesOf } from "../../lib/adapters/lance/files/lance-format.ts";
import { dataFilesOf } from "../../lib/adapters/lance/files/manifest.ts";
import { manifestName } from "../../lib/adapters/lance/files/manifest-name.ts";
import { bytesBeside } from "../../lib/adapters/lance/files/vector-bytes.ts";
import { sampleRows } from "../support/parquet-files.ts";

const dimension = 64;
const rows = sampleRows(50_000, dimension); // more than one page of vectors

let folder: string;
let table: Table;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lance-format-"));
  const connection = await connect(folder);
  table = await connection.createTable("t", rows.slice(0, 45_000) as unknown as Record<string, unknown>[]);
  await table.add(rows.slice(45_000) as unknown as Record<string, unknown>[]);
});

afterAll(async () => {
  table.close();
  await rm(folder, { recursive: true, force: true });
});

const manifest = async () => readFile(join(folder, "t.lance/_versions", manifestName(await table.version())));

async function pagesIn(path: string, column: number) {
  const bytes = await readFile(join(folder, "t.lance/data", path));
  const tail = bytes.subarray(columnsStart(bytes.subarray(-dataTrailerBytes)));
  return { bytes, ranges: pagesOf(tail, column) };
}

test("the pages of a table's vectors hold exactly its vectors", async () => {
  const values: number[] = [];
  for (const { path, columnOf } of dataFilesOf(await manifest())) {
    const { bytes, ranges } = await pagesIn(path, columnOf("vector") ?? -1);
    const pages = ranges.map(({ start, end }) => bytes.subarray(start, end));
    const joined = Buffer.concat(pages);
    values.push(...new Float32Array(joined.buffer, joined.byteOffset, joined.length / 4).subarray(0, 640));
    expect(joined.length % (4 * dimension)).toBe(0);
  }
  const first = [...rows.slice(0, 10), ...rows.slice(45_000, 45_010)];
  expect(values).toEqual(first.flatMap(({ vector }) => (vector ?? []).map(Math.fround)));
});

test("it names the data files, and no column that the table does not have", async () => {
  const files = dataFilesOf(await manifest());
  expect(files.map(({ path }) => path).sort()).toEqual(await readdir(join(folder, "t.lance/data")));
  for (const { columnOf } of files) expect(columnOf("none")).toBeUndefined();
});

test("what is no manifest, and no data file, is refused", async () => {
  expect(() => dataFilesOf(new Uint8Array(64))).toThrow("LANC");
  expect(() => columnsStart(new Uint8Array(40))).toThrow("LANC");
});

test("bytes beside ranges and the ranges are the whole, each byte once", () => {
  const lengths = fc.array(fc.nat(20), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(lengths, (parts) => {
      const bounds = parts.map((_, i) => parts.slice(0, i + 1).reduce((sum, part) => sum + part, 0));
      const total = bounds.at(-1) ?? 0;
      const ranges = bounds
        .slice(0, -1)
        .map((end, i) => ({ start: bounds[i - 1] ?? 0, end }))
        .filter((_, i) => i % 2 === 1);
      const covered = [...ranges, ...bytesBeside(ranges, total)].flatMap(({ start, end }) =>
        Array.from({ length: end - start }, (_, i) => start + i),
      );
      expect(covered.toSorted((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, i) => i));
    }),
  );
});
