import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { withMemoryLimit } from "../../../lib/adapters/parquet/memory-limit.ts";
import { WasmParquetSource } from "../../../lib/adapters/parquet/parquet-source.ts";
import { anatomyOf } from "../../support/parquet-anatomy.ts";
import { Compression, parquetBytes, sampleRows } from "../../support/parquet-files.ts";
import { forgePage, goodFile } from "../../support/poison-set.ts";
import { storeOfFile } from "../../support/store-of-file.ts";
import { decodeFile } from "./decode-file.ts";

const megabyte = 1_048_576;

/** A module that exports a memory of one page. */
const small = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 5, 3, 1, 0, 1, 7, 5, 1, 1, 109, 2, 0);
const memoryOf = (module: Uint8Array) =>
  new WebAssembly.Instance(new WebAssembly.Module(module as BufferSource)).exports["m"] as WebAssembly.Memory;

test("memory grows up to the limit and no further", () => {
  const memory = memoryOf(withMemoryLimit(small, megabyte));
  expect(memory.grow(15)).toBe(1);
  expect(() => memory.grow(1)).toThrow(RangeError);
});

test("a limit is never below what a module begins with, nor above what there can be", () => {
  expect(memoryOf(withMemoryLimit(small, 0)).buffer.byteLength).toBe(65_536);
  expect(() => memoryOf(withMemoryLimit(small, 2 ** 50))).not.toThrow();
});

test("a module that has a limit already keeps it", () => {
  const limited = withMemoryLimit(small, megabyte);
  expect(withMemoryLimit(limited, 2 * megabyte)).toBe(limited);
});

test("the decoder's own module takes a limit, and is otherwise as it was", () => {
  const file = createRequire(import.meta.url).resolve("parquet-wasm/node/parquet_wasm_bg.wasm");
  const module = new Uint8Array(readFileSync(file));
  const limited = withMemoryLimit(module, 128 * megabyte);
  expect(limited.length).toBe(module.length + 2);
  const exportsOf = (bytes: Uint8Array) =>
    WebAssembly.Module.exports(new WebAssembly.Module(bytes as BufferSource));
  expect(exportsOf(limited)).toEqual(exportsOf(module));
});

test.each(["SNAPPY", "LZ4_RAW", "BROTLI"] as const)(
  "a page of %s that claims a gigabyte takes no such memory",
  async (codec) => {
    const good = goodFile("list", codec);
    const [page] = anatomyOf(good).pages;
    const size = page?.header.numbers.find(({ path }) => path === "2");
    if (!page || !size) throw new Error("the file has no page");
    const forged = forgePage(good, page, size, 2n ** 30n);
    const before = process.resourceUsage().maxRSS;
    await expect(decodeFile(forged)).rejects.toMatchObject({ kind: "SourceInvalid" });
    expect(process.resourceUsage().maxRSS - before).toBeLessThan((400 * megabyte) / 1_024);
  },
);

test("a batch of long texts, 60 MB, finds the memory that its file gives it", async () => {
  const rows = sampleRows(3_000, 8).map((row, i) => ({ ...row, chunk_text: `${i}${"x".repeat(20_000)}` }));
  const large = parquetBytes(rows, { compression: Compression.UNCOMPRESSED, rowGroupRows: 3_000 });
  expect(large.length).toBeGreaterThan(60_000_000);
  expect(await decodeFile(large)).not.toHaveLength(0);
});

test("a footer of 200 columns in 150 row groups finds the memory that its file gives it", async () => {
  const names = ["doc_id", "vector", ...Array.from({ length: 198 }, (_, i) => `c${i}`)];
  const file = parquetBytes(sampleRows(150), { names, rowGroupRows: 1 });
  const source = new WasmParquetSource(() => storeOfFile(() => file));
  const [footer] = await source.footers("b", ["f"], new AbortController().signal);
  expect(footer).toMatchObject({ rows: 150 });
  expect(footer?.columns.map(({ name }) => name)).toEqual(names);
  expect(footer?.columns.every(({ bytes }) => bytes > 0)).toBe(true);
});
