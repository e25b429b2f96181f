import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connection, connect, Index, MatchQuery, type Table } from "@lancedb/lancedb";
import { afterEach, beforeEach, expect, test } from "vitest";
import { columnsOf } from "../../lib/adapters/arrow/arrow-schema.ts";
import { manifestKey } from "../../lib/adapters/lance/files/manifest-name.ts";
import { unindexedFragments } from "../../lib/adapters/lance/files/unindexed-fragments.ts";
import { textIndexOptions } from "../../lib/adapters/lance/text-indexes.ts";
import { LocalStore } from "../../lib/adapters/store/local-store.ts";
import type { Publication } from "../../lib/domain/index/index-entry.ts";
import type { Reader } from "../../lib/domain/search/reader.ts";
import { askedFullText, resolvedFullText } from "../../lib/domain/text/full-text.ts";
import { textPlan } from "../../lib/domain/text/text-plan.ts";
import type { TextQuery } from "../../lib/domain/text/text-query.ts";
import { copiedOpening, copiedPublication, copiedReader, copiedRef } from "../support/copied-reader.ts";
import { seededRandom } from "../support/seeded-random.ts";

const dimension = 8;
const random = seededRandom(11);
const systemTmpdir = tmpdir();
let root: string;
let connection: Connection;
let table: Table;
let published: Publication;

const rowOf = (doc_id: string, text: string) => ({
  ...{ doc_id, text, other: text },
  vector: Array.from({ length: dimension }, () => random() - 0.5),
});

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "text-copies-"));
  process.env["TMPDIR"] = root;
  connection = await connect(join(root, "lance/docs"));
  const told = ["Häuser am Fluss", "foxes", "東京大学"];
  const rows = Array.from({ length: 2_000 }, (_, i) => rowOf(`d${i}`, told[i] ?? `text ${i}`));
  table = await connection.createTable("g1", rows);
  await table.createIndex("vector", { config: Index.ivfFlat({ numPartitions: 4 }) });
  await table.createIndex("doc_id", { config: Index.btree() });
  const columns = columnsOf(await table.schema());
  const fullText = resolvedFullText(
    askedFullText.parse([{ column: "text", language: "de" }, { column: "other" }]),
    columns,
  );
  for (const index of fullText) await table.createIndex(index.column, textIndexOptions(index));
  published = { ...copiedPublication(dimension, rows.length), columns, fullText } as unknown as Publication;
});

afterEach(async () => {
  table.close();
  connection.close();
  process.env["TMPDIR"] = systemTmpdir;
  await rm(root, { recursive: true, force: true });
});

/** By any LanceDB client that opens the copy of a version. */
async function foundInCopy(folder: string, version: number, query: string): Promise<string[]> {
  const copied = await connect(folder);
  const opened = await copied.openTable("g1", undefined, { version });
  try {
    const found = await opened.query().fullTextSearch(new MatchQuery(query, "text")).limit(10).toArray();
    return found.map(({ doc_id }) => doc_id as string).sort();
  } finally {
    opened.close();
    copied.close();
  }
}

const prefix = (query: string): TextQuery => ({ op: "prefix", query, columns: ["other"] });

/** Rows that have some of the words. */
async function counted(reader: Reader, words: TextQuery): Promise<number> {
  const text = textPlan(words, published.fullText ?? []);
  const { count } = await reader.tally({ text, facets: [], timeoutMs: 10_000 });
  return count;
}

test.each(["whole", "in parts"])(
  "a copy that is made %s has the text indexes, and goes on with what is written",
  async (how) => {
    const opening =
      how === "whole" ? {} : { opening: await copiedOpening(root, published, await table.version()) };
    const own = await copiedReader({ root, published, isFollowing: true, ...opening });
    try {
      await own.reader.warm();
      expect(own.reader.onDisk).toEqual(["index", "rows", "vectors"]);
      const folder = own.copies.replicas.copyOf(copiedRef)?.folder ?? "";
      expect(await foundInCopy(folder, own.reader.version, "Haus")).toEqual(["d0"]);
      expect(await counted(own.reader, "foxes Haus")).toBe(2);
      expect(await counted(own.reader, prefix("HÄUS"))).toBe(1);
      await table
        .mergeInsert("doc_id")
        .whenMatchedUpdateAll()
        .whenNotMatchedInsertAll()
        .execute([rowOf("d0", "kein Wort davon"), rowOf("n0", "ein Haus")]);
      await table.schema();
      if (await own.reader.hasMoved(true)) await own.reader.refresh();
      expect(own.reader.isReplicated).toBe(true);
      expect(own.copies.replicas.copyOf(copiedRef)?.folder).toBe(folder);
      expect(await foundInCopy(folder, own.reader.version, "Haus")).toEqual(["n0"]);
      expect(await counted(own.reader, "foxes Haus Wort")).toBe(3);
      expect(await counted(own.reader, prefix("hau"))).toBe(1);
      expect(await counted(own.reader, prefix("wo"))).toBe(1);
      expect(own.given()).toEqual([]);
    } finally {
      await own.close();
    }
  },
);

test("a text index of another client's that cannot be read here keeps nobody from reading the rest from a copy", async () => {
  process.env["LANCE_LANGUAGE_MODEL_HOME"] = join(root, "models");
  try {
    await mkdir(join(root, "models/jieba/default"), { recursive: true });
    await writeFile(join(root, "models/jieba/default/dict.txt"), "東京 100 ns\n");
    const config = Index.fts({
      baseTokenizer: "jieba/default" as "simple",
      stem: false,
      removeStopWords: false,
    });
    await table.createIndex("other", { config });
    await rm(join(root, "models"), { recursive: true });
    const own = await copiedReader({ root, published });
    try {
      await own.reader.warm();
      expect(own.reader.isReplicated).toBe(true);
      expect(own.given()).toEqual(["warm-behind text-index-unreadable"]);
    } finally {
      await own.close();
    }
  } finally {
    delete process.env["LANCE_LANGUAGE_MODEL_HOME"];
  }
});

test("the text index of a table without rows holds no fragment, so that small ones are gathered still", async () => {
  const empty = await connection.createEmptyTable("e", await table.schema());
  await empty.createIndex("text", textIndexOptions(published.fullText?.[0] as never));
  await empty.add([rowOf("a", "ein Haus")]);
  await empty.add([rowOf("b", "zwei Häuser")]);
  const version = await empty.version();
  empty.close();
  const manifest = await new LocalStore(root).get(manifestKey("lance/docs/e.lance/", version));
  expect(unindexedFragments(manifest?.body ?? new Uint8Array())?.map(({ rows }) => rows)).toEqual([1, 1]);
});
