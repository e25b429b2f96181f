import {
  Field,
  FixedSizeList,
  Float32,
  makeData,
  makeVector,
  Table,
  tableFromIPC,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import fc from "fast-check";
import { Encoding, WriterVersion } from "parquet-wasm/node";
import { expect, test } from "vitest";
import { readTail } from "../../../lib/adapters/parquet/pages/file-tail.ts";
import { VectorColumn } from "../../../lib/adapters/parquet/pages/vector-column.ts";
import { limits } from "../../../lib/config/limits.ts";
import type { Unit } from "../../../lib/domain/source/parquet-source.ts";
import { anatomyOf } from "../../support/parquet-anatomy.ts";
import {
  Compression,
  type Layout,
  type ParquetOptions,
  parquetBytes,
  type Row,
  sampleRows,
  tableBytes,
} from "../../support/parquet-files.ts";
import { poisonSet } from "../../support/poison-set.ts";
import { rangesOf } from "../../support/ranges-of.ts";
import { between, seededRandom } from "../../support/seeded-random.ts";
import { decodeFile } from "./decode-file.ts";

const layouts = ["list", "fixed_size_list", "binary", "fixed_size_binary"] as const satisfies Layout[];
const { UNCOMPRESSED, SNAPPY, GZIP, BROTLI, ZSTD } = Compression;

async function columnOf(bytes: Uint8Array, dimension: number): Promise<VectorColumn | undefined> {
  const ranges = rangesOf(bytes);
  return VectorColumn.in(await readTail(bytes.length, ranges.read), "vector", dimension, ranges);
}

const unitOf = (rowGroups: Unit["rowGroups"], firstRow = 0): Unit => ({
  ...{ id: 0, file: 0, rowGroups, firstRow },
  rows: rowGroups.reduce((sum, { rows }) => sum + rows, 0),
});

/** The vectors of a unit, read into memory of two pieces. @param cut where the second begins */
async function vectorsOf(
  column: VectorColumn | undefined,
  unit: Unit,
  dimension: number,
  cut = 0.5,
): Promise<Float32Array | undefined> {
  const whole = new Float32Array(unit.rows * dimension);
  const second = Math.floor(cut * unit.rows) * dimension;
  const pieces = [whole.subarray(0, second), whole.subarray(second)];
  let read = 0;
  for await (const some of column?.readUnit(unit, pieces) ?? []) {
    expect(some.byteOffset).toBe(4 * read);
    read += some.length;
  }
  return column && whole.subarray(0, read);
}

/** Each row group cut where the fractions say; `joined` is all of them in one unit. */
function unitsOf(rows: number, rowGroupRows: number, cuts: number[], joined: boolean): Unit[] {
  const groups = Array.from({ length: Math.ceil(rows / rowGroupRows) }, (_, index) => ({
    index,
    rows: Math.min(rowGroupRows, rows - index * rowGroupRows),
  }));
  if (joined) return [unitOf(groups)];
  return groups.flatMap(({ index, rows: all }) => {
    const bounds = [...new Set([0, ...cuts.map((cut) => Math.floor(cut * all)), all])].sort((a, b) => a - b);
    return bounds.slice(1).map((end, i) => unitOf([{ index, rows: end - (bounds[i] ?? 0) }], bounds[i]));
  });
}

const cut = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const shape = fc.record({
  layout: fc.constantFrom(...layouts),
  compression: fc.constantFrom(UNCOMPRESSED, SNAPPY, GZIP, BROTLI, ZSTD),
  version: fc.constantFrom(WriterVersion.V1, WriterVersion.V2),
  dictionary: fc.boolean(),
  dictionaryBytes: fc.constantFrom(64, 1_000, 1_000_000),
  pageBytes: fc.constantFrom(1, 100, 5_000, 1_000_000),
  batchRows: fc.constantFrom(1, 7, 1_024),
  dimension: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(31, 64, 100, 767)),
  rows: fc.integer({ min: 1, max: 150 }),
  rowGroupRows: fc.integer({ min: 1, max: 200 }),
  /** How many different values there are: with few of them a dictionary stays. */
  different: fc.constantFrom(1, 2, 30, 1_000_000),
  cuts: fc.array(cut, { maxLength: 3 }),
  joined: fc.boolean(),
  piece: cut,
  /** Units whose predecessors another worker decodes. */
  alone: fc.boolean(),
  seed: fc.nat(),
});

type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never;

function rowsOf({ rows, dimension, different, seed }: Shape): Row[] {
  const random = seededRandom(seed);
  const value = () => Math.fround(between(random, 0, different - 1) / 1_000 - 0.5);
  return Array.from({ length: rows }, (_, i) => ({
    doc_id: `d${i}`,
    vector: Array.from({ length: dimension }, value),
  }));
}

const properties =
  (of: Shape): NonNullable<ParquetOptions["properties"]> =>
  (builder) =>
    builder
      .setWriterVersion(of.version)
      .setDictionaryEnabled(of.dictionary)
      .setEncoding(Encoding.PLAIN)
      .setDictionaryPageSizeLimit(of.dictionaryBytes)
      .setDataPageSizeLimit(of.pageBytes)
      .setWriteBatchSize(of.batchRows);

test("whatever vectors are written are read from their pages, wherever units are cut", async () => {
  const tried = fc.asyncProperty(shape, async (of) => {
    const rows = rowsOf(of);
    const bytes = parquetBytes(rows, { ...of, properties: properties(of) });
    let column = await columnOf(bytes, of.dimension);
    const found: number[] = [];
    for (const unit of unitsOf(of.rows, of.rowGroupRows, of.cuts, of.joined)) {
      if (of.alone) column = await columnOf(bytes, of.dimension);
      found.push(...((await vectorsOf(column, unit, of.dimension, of.piece)) ?? []));
    }
    expect(found).toEqual(rows.flatMap(({ vector }) => vector));
  });
  await fc.assert(tried, { numRuns: 300 });
}, 120_000);

test.each<[string, Layout, (row: Row) => Row["vector"]]>([
  ["a null vector", "list", () => null],
  ["a null vector", "binary", () => null],
  ["a null value", "list", ({ vector }) => vector && ([...vector.slice(1), null] as number[])],
  ["a longer vector", "list", ({ vector }) => vector && [...vector, 1]],
  ["a shorter vector", "list", ({ vector }) => vector?.slice(1) ?? null],
  ["an empty vector", "list", () => []],
  ["a longer vector", "binary", ({ vector }) => vector && [...vector, 1]],
])(
  "%s in a %s is not read from pages, and named by its place",
  async (_, layout, damage) => {
    for (const [dimension, at] of [
      [4, 0],
      [100, 149],
    ] as const) {
      const rows = sampleRows(150, dimension).map((row, i) =>
        i === at ? { ...row, vector: damage(row) } : row,
      );
      const bytes = parquetBytes(rows, { layout, dimension });
      const read = vectorsOf(await columnOf(bytes, dimension), unitOf([{ index: 0, rows: 150 }]), dimension);
      await expect(read).rejects.toThrow();
      await expect(decodeFile(bytes, { dimension })).rejects.toThrow(`f, row group 0, row ${at}: `);
    }
  },
  60_000,
);

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) =>
  new Uint8Array(buffer, byteOffset, byteLength);

test("a load reads vectors a range after the other, not a column chunk as a whole", async () => {
  const [dimension, rows] = [1_024, 3_000];
  const values = Float32Array.from({ length: dimension * rows }, (_, i) => Math.sin(i));
  const child = makeData({ type: new Float32(), length: values.length, nullCount: 0, data: values });
  const type = new FixedSizeList(dimension, new Field("item", new Float32(), true));
  const ids = Array.from({ length: rows }, (_, i) => `d${i}`);
  const table = new Table({
    doc_id: vectorFromArray(ids, new Utf8()),
    vector: makeVector(makeData({ type, length: rows, nullCount: 0, child })),
  });
  const lengths: number[] = [];
  const onRead = (start: number, end: number) => lengths.push(end - start);
  const [ipc] = await decodeFile(tableBytes(table, { rowGroupRows: rows }), { onRead });
  const [decoded] = tableFromIPC(ipc).getChild("vector")?.data ?? [];
  expect(Buffer.compare(bytesOf(decoded?.children[0]?.values), bytesOf(values))).toBe(0);
  expect(Math.max(...lengths)).toBe(limits.chunkRangeBytes);
});

test("rows of other lengths whose values are as many as they should be are not read", async () => {
  const rows = sampleRows(10, 8).map((row, i) => {
    const vector = row.vector ?? [];
    return { ...row, vector: i === 4 ? [...vector, 1] : i === 5 ? vector.slice(1) : vector };
  });
  const column = await columnOf(parquetBytes(rows, { layout: "list", dimension: 8 }), 8);
  await expect(vectorsOf(column, unitOf([{ index: 0, rows: 10 }]), 8)).rejects.toThrow("another length");
});

test.each<[Layout, Compression]>([
  ["list<double>", SNAPPY],
  ["list<half>", SNAPPY],
  ["list", Compression.LZ4_RAW],
])("a %s of codec %i is left to parquet-wasm", async (layout, compression) => {
  const bytes = parquetBytes(sampleRows(10), { layout, compression });
  const found = columnOf(bytes, 8).then((column) => vectorsOf(column, unitOf([{ index: 0, rows: 10 }]), 8));
  await expect(found.catch(() => undefined)).resolves.toBeUndefined();
});

/** Reads a file that may be damaged; what is read has the length asked for. */
async function tryToRead(bytes: Uint8Array, groups: number, rows: number): Promise<boolean> {
  const dimension = 16;
  try {
    const column = await columnOf(bytes, dimension);
    const unit = unitOf(Array.from({ length: groups }, (_, index) => ({ index, rows })));
    const vectors = await vectorsOf(column, unit, dimension);
    if (vectors) expect(vectors).toHaveLength(groups * rows * dimension);
    return vectors !== undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    return false;
  }
}

test("damaged files are refused or read, in little memory and without an end that does not come", async () => {
  let read = 0;
  const before = process.resourceUsage().maxRSS;
  for (const { bytes } of poisonSet(3_000, 7)) if (await tryToRead(bytes, 3, 100)) read++;
  expect(read).toBeGreaterThan(100);
  expect(read).toBeLessThan(2_500);
  expect(process.resourceUsage().maxRSS - before).toBeLessThan(300 * 1_024);
}, 120_000);

test("damaged pages of all codecs and versions are refused or read", async () => {
  const random = seededRandom(11);
  for (const layout of layouts)
    for (const compression of [UNCOMPRESSED, SNAPPY, GZIP, BROTLI, ZSTD])
      for (const version of [WriterVersion.V1, WriterVersion.V2]) {
        const plain = {
          ...{ dictionary: true, dictionaryBytes: 5_000, pageBytes: 2_000, batchRows: 10 },
          version,
        };
        const written = { layout, compression, properties: properties(plain as Shape) };
        const bytes = parquetBytes(sampleRows(100, 16), written);
        const { pages } = anatomyOf(bytes);
        const [first, last] = [pages[0], pages.at(-1)];
        for (let i = 0; i < 80; i++) {
          const damaged = bytes.slice();
          for (let hits = between(random, 1, 3); hits > 0; hits--)
            damaged[between(random, first?.header.start ?? 0, (last?.data.end ?? 1) - 1)] = between(
              random,
              0,
              255,
            );
          await tryToRead(damaged, 1, 100);
        }
        expect(await tryToRead(bytes, 1, 100)).toBe(true);
      }
}, 120_000);
