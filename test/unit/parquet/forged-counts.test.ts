import { expect, test } from "vitest";
import { anatomyOf, encodeNumber } from "../../support/parquet-anatomy.ts";
import { goodFile } from "../../support/poison-set.ts";
import { decodeFile } from "./decode-file.ts";

const good = goodFile("fixed_size_list", "SNAPPY");

/** The file with other values of some numbers of its footer, given by their paths in thrift. */
function forged(values: Record<string, bigint>): Uint8Array {
  const { footer } = anatomyOf(good);
  let bytes = Buffer.from(good);
  for (const number of footer.numbers.toReversed()) {
    const value = values[number.path];
    if (value === undefined) continue;
    const put = encodeNumber(number, bytes, value);
    bytes = Buffer.concat([bytes.subarray(0, number.start), put, bytes.subarray(number.end)]);
  }
  bytes.writeUInt32LE(bytes.length - 8 - footer.start, bytes.length - 8);
  return Uint8Array.from(bytes);
}

const columnsOf = (rows: bigint, columns: number) =>
  Object.fromEntries(Array.from({ length: columns }, (_, i) => [`4.0.1.${i}.3.5`, rows]));

test("a file with its own counts written again is read", async () => {
  expect(await decodeFile(forged({ "3": 300n, "4.0.3": 100n }))).toHaveLength(1);
});

test.each([
  ["rows of the file", { "3": 299n }, "its footer counts 299 rows, its row groups 300"],
  [
    "rows of a row group",
    { "4.0.3": 99n, "3": 299n },
    "row group 0 has 99 rows, its column doc_id 100 values",
  ],
  ["values of a column", { "4.0.1.0.3.5": 101n }, "row group 0 has 100 rows, its column doc_id 101 values"],
  [
    "all counts, to a number that no plan could hold",
    { "3": 2n ** 40n + 200n, "4.0.3": 2n ** 40n, ...columnsOf(2n ** 40n, 5) },
    "row group 0 cannot hold 1099511627776 rows",
  ],
])("forged %s are refused", async (_, values, message) => {
  const refused = decodeFile(forged(values as Record<string, bigint>));
  await expect(refused).rejects.toThrow(message);
  await expect(refused).rejects.toMatchObject({ kind: "SourceInvalid" });
});
