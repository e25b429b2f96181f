import { tableFromIPC } from "apache-arrow";
import { beforeEach, expect, test } from "vitest";
import { FallbackCounts } from "../../../lib/domain/fallback-counts.ts";
import { anatomyOf } from "../../support/parquet-anatomy.ts";
import {
  Compression,
  type ParquetOptions,
  parquetBytes,
  type Row,
  sampleRows,
} from "../../support/parquet-files.ts";
import { decodeFile } from "./decode-file.ts";

const rows = sampleRows(60);
const vectors = rows.map(({ vector }) => vector?.map(Math.fround));

let counts: FallbackCounts;

beforeEach(() => {
  counts = new FallbackCounts(() => undefined);
});

const decoded = async (bytes: Uint8Array) => {
  const units = await decodeFile(bytes, { fallbacks: counts });
  return units.flatMap((ipc) => Array.from(tableFromIPC(ipc).getChild("vector") ?? [], (one) => [...one]));
};
const reasons = () => counts.seen().map(({ fastPath, reason }) => [fastPath, reason]);
const with13th = (vector: number[] | null): Row[] => rows.toSpliced(13, 1, { ...(rows[13] as Row), vector });

test.each<[string, ParquetOptions]>([
  ["a list", { layout: "list", compression: Compression.SNAPPY }],
  ["a list of fixed size", { layout: "fixed_size_list", compression: Compression.ZSTD }],
  ["binary", { layout: "binary", compression: Compression.GZIP }],
  ["binary of fixed size", { layout: "fixed_size_binary", compression: Compression.UNCOMPRESSED }],
])("vectors as %s are read from their pages", async (_, options) => {
  expect(await decoded(parquetBytes(rows, options))).toEqual(vectors);
  expect(counts.seen()).toEqual([]);
});

test.each<[string, string, ParquetOptions]>([
  ["doubles", "other-layout", { layout: "list<double>" }],
  ["LZ4", "other-encoding", { layout: "list", compression: Compression.LZ4_RAW }],
])("%s are decoded by parquet-wasm, and counted: %s", async (_, reason, options) => {
  expect(await decoded(parquetBytes(rows, options))).toEqual(vectors);
  expect(reasons()).toEqual([["vectors-from-pages", reason]]);
});

test.each<[string, string, number[] | null]>([
  ["is null", "null-or-other-length", null],
  ["is longer", "null-or-other-length", [1, 2, 3, 4, 5, 6, 7, 8, 9]],
  ["is no number", "no-vector-of-the-index", [Number.NaN, ...Array(7).fill(1)]],
])("a vector that %s is found by parquet-wasm, and counted: %s", async (_, reason, vector) => {
  const bytes = parquetBytes(with13th(vector), { layout: "list" });
  await expect(decoded(bytes)).rejects.toMatchObject({ kind: "SourceInvalid" });
  expect(reasons()).toEqual([["vectors-from-pages", reason]]);
});

test("damaged pages are left to parquet-wasm to refuse, and counted", async () => {
  const bytes = parquetBytes(rows, { layout: "list", compression: Compression.SNAPPY });
  const page = anatomyOf(bytes).pages.at(-1); // columns are written one after the other, vectors last
  if (!page) throw new Error("there is no page");
  bytes.fill(255, page.data.start, page.data.end);
  await expect(decoded(bytes)).rejects.toMatchObject({ kind: "SourceInvalid" });
  expect(reasons()).toContainEqual(["vectors-from-pages", "unreadable"]);
});
