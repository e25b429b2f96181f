import { readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, Index } from "@lancedb/lancedb";
import type { Publication } from "../../lib/domain/index/index-entry.ts";
import { copiedOpening, copiedPublication, copiedReader, copiedRef } from "./copied-reader.ts";
import { fillDisk } from "./fill-disk.ts";
import { seededRandom } from "./seeded-random.ts";

/** What searches say whose copies are on a small disk that fills up: `full-disk-process.ts DISK`. */
const [disk = ""] = process.argv.slice(2);
const [dimension, rows] = [16, 8_000];
const random = seededRandom(5);
const vectorOf = () => Array.from({ length: dimension }, () => random() - 0.5);

const root = await mkdtemp(join(tmpdir(), "full-disk-"));
process.env["TMPDIR"] = disk;
const published = {
  ...copiedPublication(dimension, rows),
  columns: [
    { name: "doc_id", type: "Utf8" },
    { name: "vector", type: `FixedSizeList[${dimension}]<Float32>` },
  ],
} as unknown as Publication;
const version = await makeTable();
const opening = await copiedOpening(root, published, version);
const copied = await copiedReader({ root, published, opening });
await copied.copies.replicas.open({ ref: copiedRef, published, version, opening });
const copiesBefore = copies().length;
fillDisk(join(disk, "filler"));
const whileFull = await searched();
await copied.copies.idle();
const copiesAfter = copies().length;
await rm(join(disk, "filler"));
const afterwards = await searched();
const given = copied.given();
await copied.close();
await rm(root, { recursive: true });
process.stdout.write(JSON.stringify({ copiesBefore, whileFull, copiesAfter, afterwards, given }));

async function makeTable(): Promise<number> {
  const connection = await connect(join(root, "lance", copiedRef.index));
  const all = Array.from({ length: rows }, (_, i) => ({ doc_id: `doc-${i}`, vector: vectorOf() }));
  const table = await connection.createTable(copiedRef.generation, all);
  await table.createIndex("vector", { config: Index.ivfFlat({ numPartitions: 20 }) });
  const made = await table.version();
  table.close();
  connection.close();
  return made;
}

/** How many of some searches say what the table says. */
async function searched(): Promise<number> {
  let same = 0;
  for (let i = 0; i < 3; i++) {
    const query = {
      ...{ vector: Float32Array.from(vectorOf()), k: 5, columns: [], settings: { nprobes: 2 } },
      timeoutMs: 10_000,
    };
    const [hits, expected] = [await copied.reader.search(query), await copied.table.search(query)];
    if (JSON.stringify(hits) === JSON.stringify(expected)) same += 1;
  }
  return same;
}

function copies(): string[] {
  return readdirSync(disk).filter((name) => name.startsWith("generation-"));
}
