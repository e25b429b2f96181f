import { Bool, Float64, Int32, Int64, tableFromIPC, Utf8, type Vector } from "apache-arrow";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Compression, type Layout, parquetBytes, type Row } from "../../support/parquet-files.ts";
import { decodeFile } from "./decode-file.ts";

const types = {
  text: new Utf8(),
  count: new Int32(),
  big: new Int64(),
  ratio: new Float64(),
  flag: new Bool(),
};

const columns = {
  text: fc.option(fc.string({ unit: "grapheme", maxLength: 12 })),
  count: fc.option(fc.integer()),
  big: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  ratio: fc.option(fc.double()),
  flag: fc.option(fc.boolean()),
};

/** Finite, and neither so small nor so large that its square is no float32. */
const value = fc.float({ min: -1_000, max: 1_000, noNaN: true }).map((one) => Math.fround(one));
const vectorOf = (dimension: number) =>
  fc.array(value, { minLength: dimension, maxLength: dimension }).map((vector) => vector.with(0, 1));

const file = fc
  .record({
    dimension: fc.integer({ min: 1, max: 9 }),
    ids: fc.uniqueArray(fc.string({ unit: "grapheme", minLength: 1 }), { minLength: 1, maxLength: 60 }),
  })
  .chain(({ dimension, ids }) =>
    fc.record({
      dimension: fc.constant(dimension),
      rows: fc.tuple(
        ...ids.map((doc_id) =>
          fc.record({ doc_id: fc.constant(doc_id), ...columns, vector: vectorOf(dimension) }),
        ),
      ) as unknown as fc.Arbitrary<Row[]>,
      layout: fc.constantFrom<Layout>(
        "list",
        "list<double>",
        "fixed_size_list",
        "binary",
        "fixed_size_binary",
      ),
      compression: fc.constantFrom(
        Compression.UNCOMPRESSED,
        Compression.SNAPPY,
        Compression.ZSTD,
        Compression.BROTLI,
      ),
      rowGroupRows: fc.integer({ min: 1, max: 25 }),
    }),
  );

const plain = (column: Vector | null, row: number) => {
  const one = column?.get(row);
  return one !== null && typeof one === "object" ? Array.from(one as Iterable<number>) : one;
};

test("whatever rows are written are decoded, in order, with their origins", async () => {
  const tried = fc.asyncProperty(file, async ({ rows, dimension, ...options }) => {
    const [ipc, ...others] = await decodeFile(parquetBytes(rows, { ...options, dimension, types }));
    expect(others).toEqual([]);
    const decoded = tableFromIPC(ipc);
    const names = decoded.schema.fields.map(({ name }) => name);
    const found = rows.map((_, row) =>
      Object.fromEntries(names.map((name) => [name, plain(decoded.getChild(name), row)])),
    );
    expect(found).toEqual(rows.map((row, i) => ({ ...row, _origin: BigInt(i) })));
  });
  await fc.assert(tried, { numRuns: 20 });
}, 120_000);
