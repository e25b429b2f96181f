import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, Index, type Table } from "@lancedb/lancedb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { columnsOf } from "../../lib/adapters/arrow/arrow-schema.ts";
import { gatherOpening } from "../../lib/adapters/lance/opening/gather-opening.ts";
import { decodeOpening, encodeOpening, type Opening } from "../../lib/adapters/lance/opening/opening.ts";
import { LanceReader } from "../../lib/adapters/lance/reading/lance-reader.ts";
import { PartialCopy } from "../../lib/adapters/lance/replicas/partial-copy.ts";
import { LocalStore } from "../../lib/adapters/store/local-store.ts";
import type { Metric, Publication, SearchDefaults } from "../../lib/domain/index/index-entry.ts";
import { seededRandom } from "../support/seeded-random.ts";

const dimension = 32;
const rows = 20_000;
const partitions = 40;
const pace = { concurrency: 1 };
const room = 1_073_741_824;

let root: string;
let store: CountingStore;
let table: Table;
let written: ReturnType<typeof rowsFrom>;

/** Tells what was read. */
class CountingStore extends LocalStore {
  bytesRead = 0;
  onRead = () => {};

  override async readInto(...[key, start, into, identity]: Parameters<LocalStore["readInto"]>) {
    const bytes = await super.readInto(key, start, into, identity);
    this.bytesRead += bytes;
    this.onRead();
    return bytes;
  }
}

const random = seededRandom(7);
const vectorOf = () => Array.from({ length: dimension }, () => random() - 0.5);

const rowsFrom = (first: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({
    doc_id: `doc-${first + i}`,
    title: `title ${(first + i) % 7}`,
    body: `text of ${first + i} `.repeat(1 + ((first + i) % 40)),
    number: (first + i) % 3 === 0 ? null : first + i,
    vector: vectorOf(),
  }));

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "partial-copy-"));
  store = new CountingStore(root);
  const connection = await connect(join(root, "lance/docs"));
  written ??= rowsFrom(0, rows);
  table = await connection.createTable("g1", written);
});

afterEach(async () => {
  table.close();
  await rm(root, { recursive: true, force: true });
});

const brief = { maxIterations: 5, sampleRate: 16 };
const kinds = {
  IVF_FLAT: () => Index.ivfFlat({ numPartitions: partitions, distanceType: metric }),
  IVF_PQ: () => Index.ivfPq({ numPartitions: partitions, numSubVectors: 16, distanceType: metric, ...brief }),
  IVF_RQ: () => Index.ivfRq({ numPartitions: partitions, numBits: 5, distanceType: metric }),
  "IVF_RQ of one bit": () => Index.ivfRq({ numPartitions: partitions, numBits: 1, distanceType: metric }),
  HNSW_SQ: () => Index.hnswSq({ numPartitions: 8, m: 8, efConstruction: 50, distanceType: metric }),
};
let metric: Metric;

async function published(): Promise<Publication> {
  const columns = columnsOf(await table.schema());
  const own = { vectorColumn: "vector", idColumn: "doc_id", metric, dimension, columns };
  return { ...own, generation: "g1", bucket: "b" } as unknown as Publication;
}

async function copyOf(more: { room?: number } = {}, changed: Partial<Opening> = {}) {
  const of = await published();
  const opened = { index: "docs", bucket: "b", generation: "g1", version: await table.version() };
  const columns = of.columns.map(({ name }) => name);
  const opening = await gatherOpening(store, { ...opened, vectorColumn: "vector", columns });
  const again = decodeOpening(encodeOpening({ ...opening, ...changed }));
  store.bytesRead = 0;
  const copy = await PartialCopy.open(store, "lance/docs/g1.lance/", again, {
    published: of,
    room,
    pace,
    ...more,
  });
  if (!copy) throw new Error("there was no room");
  const connection = await connect(copy.folder);
  const reader = await LanceReader.over(await connection.openTable("g1"), of);
  const close = async () => {
    reader.close();
    connection.close();
    await copy.remove();
  };
  return { copy, reader, close };
}

const queryOf = (settings: SearchDefaults, columns = ["title", "body", "number"]) => ({
  vector: Float32Array.from(vectorOf()),
  k: 10,
  columns,
  settings,
  timeoutMs: 10_000,
});

describe.each(Object.keys(kinds) as (keyof typeof kinds)[])("%s", (kind) => {
  const settings = kind === "HNSW_SQ" ? { nprobes: 2, ef: 40 } : { nprobes: 3 };

  test.each(["cosine", "l2", "dot"] as const)("by %s, parts of it answer as all of it does", async (by) => {
    metric = by;
    await table.createIndex("vector", { config: kinds[kind]() });
    const whole = await LanceReader.over(table, await published());
    const { copy, reader, close } = await copyOf();
    for (let i = 0; i < 20; i++) {
      const query = queryOf(settings);
      await copy.prepareNearest(query);
      const near = await reader.phases.nearest(query);
      expect(near).toEqual(await whole.phases.nearest(query));
      if (!near) throw new Error("too few hits");
      expect(
        await copy.prepareRows(
          near.rows.map(({ id }) => id),
          ["doc_id", ...query.columns],
        ),
      ).toBe(true);
      expect(await reader.phases.hitsOf(near, query)).toEqual(await whole.phases.hitsOf(near, query));
    }
    await close();
  });

  test("a partition that is not there is never answered from", async () => {
    metric = "l2";
    await table.createIndex("vector", { config: kinds[kind]() });
    const { copy, reader, close } = await copyOf();
    for (let i = 0; i < 20; i++)
      await expect(reader.phases.nearest(queryOf(settings))).rejects.toMatchObject({ kind: "Internal" });
    await copy.completeRows(new AbortController().signal);
    expect(await reader.phases.nearest(queryOf(settings))).toBeDefined();
    await close();
  });
});

test("rows that were folded into an index are found, and deleted ones are not", async () => {
  metric = "cosine";
  await table.createIndex("vector", { config: kinds.IVF_RQ() });
  await table.add(rowsFrom(rows, 6_000));
  await table.optimize();
  await table.delete("number % 3 = 1");
  const whole = await LanceReader.over(table, await published());
  const { copy, reader, close } = await copyOf();
  for (let i = 0; i < 20; i++) {
    const query = queryOf({ nprobes: 4 });
    await copy.prepareNearest(query);
    const near = await reader.phases.nearest(query);
    expect(near).toEqual(await whole.phases.nearest(query));
    if (!near) continue;
    await copy.prepareRows(
      near.rows.map(({ id }) => id),
      ["doc_id", ...query.columns],
    );
    expect(await reader.phases.hitsOf(near, query)).toEqual(await whole.phases.hitsOf(near, query));
  }
  await close();
});

test("rows are what they are in the table, whichever are read first", async () => {
  metric = "l2";
  await table.createIndex("vector", { config: kinds.IVF_FLAT() });
  const whole = await LanceReader.over(table, await published());
  for (let round = 0; round < 30; round++) {
    const { copy, reader, close } = await copyOf();
    const { version } = reader;
    for (let i = 0; i < 10; i++) {
      const query = queryOf({});
      const ids = [
        ...new Set(Array.from({ length: 1 + Math.floor(random() * 12) }, () => Math.floor(random() * rows))),
      ];
      const near = { version, rows: ids.map((id) => ({ id: BigInt(id), distance: 1 })) };
      await copy.prepareRows(
        near.rows.map(({ id }) => id),
        ["doc_id", ...query.columns],
      );
      const hits = await reader.phases.hitsOf(near, query).catch((error) => `${ids}: ${error.cause}`);
      expect(hits).toEqual(await whole.phases.hitsOf(near, query));
    }
    await close();
  }
});

test("of an index that is all there no partitions are chosen", async () => {
  metric = "l2";
  await table.createIndex("vector", { config: kinds.IVF_FLAT() });
  const { copy, close } = await copyOf();
  const unread = {
    ...queryOf({ nprobes: 3 }),
    get vector(): Float32Array {
      throw new Error("the vector was compared with centroids");
    },
  };
  await expect(copy.prepareNearest(unread)).rejects.toThrow("centroids");
  await copy.completeRows(new AbortController().signal);
  await copy.prepareNearest(unread);
  await close();
});

describe("which parts of it are there", () => {
  beforeEach(async () => {
    metric = "l2";
    await table.createIndex("vector", { config: kinds.IVF_FLAT() });
  });

  /** As it is filled: all that were seen, one after the other. */
  async function partsSeen(...of: Parameters<typeof copyOf>): Promise<string[]> {
    const { copy, close } = await copyOf(...of);
    const seen: string[] = [];
    store.onRead = () => {
      const parts = copy.parts.join(" and ") || "none";
      if (parts !== seen.at(-1)) seen.push(parts);
    };
    const { signal } = new AbortController();
    await copy.completeRows(signal);
    store.onRead();
    await copy.complete(signal);
    store.onRead();
    await close();
    return seen;
  }

  const bytesOf = async (files: RegExp) => {
    const all = await store.list("lance/docs/g1.lance/");
    return all.reduce((sum, { key, bytes }) => sum + (files.test(key) ? bytes : 0), 0);
  };

  test("is known as they come: few rows first, then the index, then vectors", async () => {
    expect(await partsSeen()).toEqual(["none", "rows", "index and rows", "index and rows and vectors"]);
  });

  test("where it is not known where vectors lie these come with the rows", async () => {
    const seen = await partsSeen({}, { hasRows: false });
    expect(seen).toEqual(["none", "rows and vectors", "index and rows and vectors"]);
  });

  test("what there is no room for is never there", async () => {
    const index = await bytesOf(/\.idx$/);
    expect(await partsSeen({ room: index })).toEqual(["none", "index"]);
    expect(await partsSeen({ room: index + (await bytesOf(/\.lance$/)) - 1 })).toEqual([
      "none",
      "rows",
      "index and rows",
    ]);
  });
});
