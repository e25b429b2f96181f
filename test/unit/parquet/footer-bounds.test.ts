import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { encryptedColumns } from "../../../lib/adapters/parquet/footers/footer-scan.ts";
import { readTail } from "../../../lib/adapters/parquet/pages/file-tail.ts";
import { limits } from "../../../lib/config/limits.ts";
import { parquetBytes, sampleRows } from "../../support/parquet-files.ts";
import { decodeFile } from "./decode-file.ts";

const fixture = join(import.meta.dirname, "../../support/parquet/encrypted-column.parquet");
const tailOf = async (file: Uint8Array) =>
  (await readTail(file.length, async (start, end) => file.slice(start, end))).bytes;

test("a column that is encrypted is found by its footer, and named by the refusal", async () => {
  const file = await readFile(fixture);
  expect(encryptedColumns(await tailOf(file))).toEqual(["secret"]);
  const place = "f, column secret: is encrypted, and no key of it is known here";
  await expect(decodeFile(file)).rejects.toMatchObject({
    kind: "SourceInvalid",
    message: expect.stringContaining(place),
  });
});

test("files without encryption have none", async () => {
  expect(encryptedColumns(await tailOf(parquetBytes(sampleRows(10), { rowGroupRows: 3 })))).toEqual([]);
  expect(encryptedColumns(new Uint8Array(50).fill(0xff))).toEqual([]);
});

test("a file with more columns than are read is refused before they are, by name", async () => {
  const wide = fileWith(schemaOf(limits.maxSchemaElements + 1));
  await expect(decodeFile(wide)).rejects.toMatchObject({
    kind: "SourceInvalid",
    message: `f: cannot be read as Parquet (it has more than ${limits.maxSchemaElements} columns)`,
  });
});

/** Thrift of a FileMetaData that has only a schema of so many elements (under 16,384), which have no names. */
function schemaOf(elements: number): Uint8Array {
  const [listInField2, structs, text, stop] = [0x29, 0xfc, 0x48, 0];
  const header = [listInField2, structs, (elements & 0x7f) | 0x80, elements >> 7];
  return Uint8Array.from([
    ...header,
    ...Array.from({ length: elements }, () => [text, 0, stop]).flat(),
    stop,
  ]);
}

function fileWith(metadata: Uint8Array): Uint8Array {
  const length = new Uint8Array(Uint32Array.of(metadata.length).buffer);
  return Buffer.concat([Buffer.from("PAR1"), metadata, length, Buffer.from("PAR1")]);
}

test("a footer that is too large is refused by its length, without being read", async () => {
  const footerBytes = limits.maxFooterBytes + 1;
  const trailer = new Uint8Array(8);
  new DataView(trailer.buffer).setUint32(0, footerBytes, true);
  trailer.set(new TextEncoder().encode("PAR1"), 4);
  const reads: number[] = [];
  const read = async (start: number, end: number) => {
    reads.push(end - start);
    return trailer;
  };
  await expect(readTail(2 ** 31, read)).rejects.toThrow(
    `its footer of ${footerBytes} bytes is larger than ${limits.maxFooterBytes}`,
  );
  expect(reads).toEqual([8]);
});
