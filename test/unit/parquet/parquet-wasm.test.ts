import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { WasmParquetSource } from "../../../lib/adapters/parquet/parquet-source.ts";
import { memoryImport, withImportedMemory } from "../../../lib/adapters/parquet/wasm/imported-memory.ts";
import { parquetWasm } from "../../../lib/adapters/parquet/wasm/parquet-wasm.ts";
import { anatomyOf } from "../../support/parquet-anatomy.ts";
import { Compression, parquetBytes, sampleRows } from "../../support/parquet-files.ts";
import { forgePage, goodFile } from "../../support/poison-set.ts";
import { storeOfFile } from "../../support/store-of-file.ts";
import { decodeFile } from "./decode-file.ts";

const megabyte = 1_048_576;

/** A module that imports a function and exports a memory of one page. */
const small = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0],
  ...[1, 4, 1, 0x60, 0, 0],
  ...[2, 7, 1, 1, 97, 1, 98, 0, 0],
  ...[5, 3, 1, 0, 1],
  ...[7, 5, 1, 1, 109, 2, 0],
);

test("a module imports its memory, is otherwise as it was, and says what it begins with", () => {
  const { module, pages } = withImportedMemory(small);
  expect(pages).toBe(1);
  const compiled = new WebAssembly.Module(module as BufferSource);
  expect(WebAssembly.Module.imports(compiled)).toEqual([
    { module: "a", name: "b", kind: "function" },
    { ...memoryImport, kind: "memory" },
  ]);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 3 });
  const imports = { a: { b: () => undefined }, [memoryImport.module]: { [memoryImport.name]: memory } };
  expect(new WebAssembly.Instance(compiled, imports).exports["m"]).toBe(memory);
});

test.each<[string, Uint8Array]>([
  ["has a limit", small.map((byte, at) => (at === small.length - 9 ? 1 : byte))],
  ["imports nothing", Uint8Array.of(...small.subarray(0, 14), ...small.subarray(23))],
  ["has no memory", Uint8Array.of(...small.subarray(0, 23))],
])("a module that %s is refused", (_, module) => {
  expect(() => withImportedMemory(module)).toThrow("the module has");
});

test("the decoder's own module imports its memory, and exports what it did", () => {
  const file = createRequire(import.meta.url).resolve("parquet-wasm/node/parquet_wasm_bg.wasm");
  const bytes = new Uint8Array(readFileSync(file));
  const { module } = withImportedMemory(bytes);
  const exportsOf = (some: Uint8Array) =>
    WebAssembly.Module.exports(new WebAssembly.Module(some as BufferSource));
  expect(exportsOf(module)).toEqual(exportsOf(bytes));
});

test("instances of the decoder share their code, and have a memory each, with its own bound", () => {
  const [first, second] = [parquetWasm(128 * megabyte), parquetWasm()];
  const memories = [first, second].map((wasm) => wasm.wasmMemory());
  expect(memories[0]).not.toBe(memories[1]);
  const pages = (128 * megabyte - (memories[0]?.buffer.byteLength ?? 0)) / 65_536;
  memories[0]?.grow(pages);
  expect(() => memories[0]?.grow(1)).toThrow(RangeError);
  expect(() => memories[1]?.grow(pages + 1)).not.toThrow();
  expect(first.wasmMemory()).toBe(memories[0]);
});

test("a bound is never below what the decoder begins with, nor above what there can be", () => {
  expect(() => parquetWasm(0)).not.toThrow();
  expect(() => parquetWasm(2 ** 50)).not.toThrow();
});

test("WebAssembly is as it was for others", () => {
  const { Module, Instance } = WebAssembly;
  parquetWasm();
  expect([WebAssembly.Module, WebAssembly.Instance]).toEqual([Module, Instance]);
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
