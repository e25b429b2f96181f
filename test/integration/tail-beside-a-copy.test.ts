import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, Index } from "@lancedb/lancedb";
import { afterEach, beforeEach, expect, test } from "vitest";
import { columnsOf } from "../../lib/adapters/arrow/arrow-schema.ts";
import { LanceReader } from "../../lib/adapters/lance/reading/lance-reader.ts";
import type { Metric, Publication } from "../../lib/domain/index/index-entry.ts";
import { copiedOpening, copiedPublication, copiedReader } from "../support/copied-reader.ts";
import { seededRandom } from "../support/seeded-random.ts";

const count = 2_000;
const systemTmpdir = tmpdir();
const random = seededRandom(5);
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(systemTmpdir, "tail-"));
  process.env["TMPDIR"] = root;
});

afterEach(async () => {
  process.env["TMPDIR"] = systemTmpdir;
  await rm(root, { recursive: true, force: true });
});

async function bytesBelow(folder: string): Promise<number> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = found.filter((one) => one.isFile());
  const sizes = files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size);
  return (await Promise.all(sizes)).reduce((sum, bytes) => sum + bytes, 0);
}

const rowsOf = (prefix: string, rows: number, dimension: number) =>
  Array.from({ length: rows }, (_, i) => ({
    doc_id: `${prefix}${i}`,
    vector: Array.from({ length: dimension }, () => random() - 0.5),
  }));

const cases = (["l2", "dot", "cosine"] as const).flatMap((metric) =>
  [8, 128].map((dimension): [Metric, number] => [metric, dimension]),
);

/** LanceDB compares the nearest of an index again, by their vectors, where there are rows beside it. */
test.each(cases)(
  "by %s of %d numbers, a copy without vectors answers nothing of an index that lacks rows, and the store does",
  async (metric, dimension) => {
    const connection = await connect(join(root, "lance/docs"));
    const table = await connection.createTable("g1", rowsOf("d", count, dimension));
    await table.createIndex("vector", { config: Index.ivfFlat({ numPartitions: 4, distanceType: metric }) });
    await table.createIndex("doc_id", { config: Index.btree() });
    const columns = columnsOf(await table.schema());
    const published = { ...copiedPublication(dimension, count), metric, columns } as unknown as Publication;
    const opening = await copiedOpening(root, published, await table.version());
    const room = (await bytesBelow(join(root, "lance"))) - (count * dimension * 4) / 2;
    const own = await copiedReader({ root, published, opening, isFollowing: true, maxBytes: room });
    const later = rowsOf("later", 3, dimension);
    const vectors = [...rowsOf("", 3, dimension), ...later].map(({ vector }) => Float32Array.from(vector));
    const search = (reader: Pick<LanceReader, "search">) =>
      Promise.all(
        vectors.map((vector) =>
          reader.search({ vector, k: 5, columns: [], settings: { nprobes: 4 }, timeoutMs: 10_000 }),
        ),
      );
    const inStore = async () => {
      const reader = await LanceReader.over(await connection.openTable("g1"), published);
      return search(reader).finally(() => reader.close());
    };
    try {
      expect(await search(own.reader)).toEqual(await inStore());
      await own.copies.idle();
      expect(own.reader.onDisk).toEqual(["index", "rows"]);
      expect(await search(own.reader)).toEqual(await inStore());
      await table.add(later);
      if (await own.reader.hasMoved(true)) await own.reader.refresh();
      expect(own.reader.onDisk).toEqual(["index", "rows"]);
      expect(await search(own.reader)).toEqual(await inStore());
      expect(own.given()).toContain("partial-copy rows-not-indexed");
    } finally {
      await own.close();
      table.close();
      connection.close();
    }
  },
);
