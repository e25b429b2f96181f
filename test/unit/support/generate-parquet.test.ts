import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { ParquetFile, readParquet } from "parquet-wasm/node";
import { afterEach, beforeEach, expect, test } from "vitest";
import { generateParquet } from "../../support/generate-parquet.ts";

let out: string;
beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), "generated-"));
});
afterEach(() => rm(out, { recursive: true }));

const read = async (path: string) =>
  tableFromIPC(readParquet(new Uint8Array(await readFile(path))).intoIPCStream());

test("the rows are spread over the files and cut into row groups, each id once", async () => {
  const paths = await generateParquet({ out, rows: 1_003, dimension: 16, files: 3, rowGroupRows: 100 });
  const tables = await Promise.all(paths.map(read));
  expect(tables.map(({ numRows }) => numRows)).toEqual([334, 334, 335]);
  const ids = tables.flatMap((table) => Array.from(table.getChild("doc_id") ?? [], String));
  expect(new Set(ids).size).toBe(1_003);
  expect(ids.slice(0, 2)).toEqual(["d0", "d1"]);
  const file = await ParquetFile.fromFile(new Blob([await readFile(paths[0] ?? "")]));
  expect(
    file
      .metadata()
      .rowGroups()
      .map((group) => group.numRows()),
  ).toEqual([100, 100, 100, 34]);
});

test("a seed repeats the files byte for byte, and another makes others", async () => {
  const written = async (folder: string, seed: number) => {
    const [path = ""] = await generateParquet({ out: join(out, folder), rows: 300, dimension: 8, seed });
    return readFile(path);
  };
  const first = await written("a", 5);
  expect(first.equals(await written("b", 5))).toBe(true);
  expect(first.equals(await written("c", 6))).toBe(false);
});

test("vectors lie in clusters: the nearest is far nearer than the average", async () => {
  const [path = ""] = await generateParquet({ out, rows: 500, dimension: 32, clusters: 10 });
  const vectors = Array.from((await read(path)).getChild("vector") ?? [], (one) => Float32Array.from(one));
  const [query, ...others] = vectors as [Float32Array, ...Float32Array[]];
  const distance = (to: Float32Array) =>
    to.reduce((sum, value, i) => sum + (value - (query[i] ?? 0)) ** 2, 0);
  const distances = others.map(distance).sort((a, b) => a - b);
  const mean = distances.reduce((sum, one) => sum + one, 0) / distances.length;
  expect((distances[0] ?? 0) / mean).toBeLessThan(0.4);
});
