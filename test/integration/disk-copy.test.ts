import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connection, connect, Index, type Table } from "@lancedb/lancedb";
import { afterEach, beforeEach, expect, test } from "vitest";
import { filesNamedBy } from "../../lib/adapters/lance/files/manifest.ts";
import { manifestName } from "../../lib/adapters/lance/files/manifest-name.ts";
import { gatherOpening } from "../../lib/adapters/lance/opening/gather-opening.ts";
import { LanceProbes } from "../../lib/adapters/lance/recall/lance-probes.ts";
import { copyToDisk } from "../../lib/adapters/lance/replicas/disk-copy.ts";
import { LanceConnections } from "../../lib/adapters/lance/tables/connections.ts";
import { LanceTables } from "../../lib/adapters/lance/tables/lance-tables.ts";
import { LocalStore } from "../../lib/adapters/store/local-store.ts";
import { Buckets } from "../../lib/domain/bucket.ts";
import { FallbackCounts } from "../../lib/domain/fallback-counts.ts";
import { unobserved } from "../../lib/domain/fallbacks.ts";
import { withField } from "../support/manifest-field.ts";
import { sampleRows } from "../support/parquet-files.ts";

const systemTmpdir = tmpdir();
const ref = { bucket: "primary", index: "docs", generation: "g1" };
const folder = "lance/docs/g1.lance/";

let root: string;
let connection: Connection;
let table: Table;
let store: LocalStore;

beforeEach(async () => {
  root = await mkdtemp(join(systemTmpdir, "disk-copy-"));
  await mkdir(join(root, "disk"));
  process.env["TMPDIR"] = join(root, "disk");
  connection = await connect(join(root, "lance/docs"));
  table = await connection.createTable("g1", sampleRows(1_000) as never[]);
  await table.createIndex("vector", { config: Index.ivfFlat({ numPartitions: 2 }) });
  await table.createIndex("doc_id", { config: Index.btree() });
  await table.delete("doc_id = 'd3'");
  store = new LocalStore(root);
});

afterEach(async () => {
  table.close();
  connection.close();
  process.env["TMPDIR"] = systemTmpdir;
  await rm(root, { recursive: true, force: true });
});

const copied = async (nearestOnly = false) =>
  copyToDisk(store, folder, { version: await table.version(), nearestOnly, fallbacks: unobserved });
const copies = async () => (await readdir(tmpdir())).filter((name) => name.startsWith("generation-"));
const manifestPath = async () => join(root, folder, "_versions", manifestName(await table.version()));
const opening = async () =>
  gatherOpening(store, {
    ...ref,
    version: await table.version(),
    vectorColumn: "vector",
    columns: ["doc_id"],
  });

test.each(["data/", "_deletions/", "_indices/"])(
  "no copy nor opening is made of a version of which a file of %s is gone",
  async (part) => {
    const { files } = filesNamedBy(await readFile(await manifestPath()));
    await rm(join(root, folder, files.find((path) => path.startsWith(part)) ?? ""));
    await expect(copied()).rejects.toMatchObject({ kind: "StoreUnavailable" });
    await expect(opening()).rejects.toMatchObject({ kind: "StoreUnavailable" });
    if (part === "data/")
      await (await copied(true))?.remove(); // which has no rows
    else await expect(copied(true)).rejects.toMatchObject({ kind: "StoreUnavailable" });
    expect(await copies()).toEqual([]);
  },
);

test("nor where its manifest names what is not known, or is none", async () => {
  const manifest = await readFile(await manifestPath());
  for (const unknown of [withField(manifest, 18), withField(manifest, 30), manifest.subarray(0, 90)]) {
    await writeFile(await manifestPath(), unknown);
    await expect(copied()).rejects.toMatchObject({ kind: "TableNotKnown" });
    await expect(opening()).rejects.toMatchObject({ kind: "TableNotKnown" });
  }
  expect(await copies()).toEqual([]);
});

test("probe-copy table-unknown: recall of such a table is measured where it is", async () => {
  class Remote extends LanceConnections {
    override isRemote = () => true;
  }
  const counts = new FallbackCounts(() => undefined);
  const bucket = { name: "primary", backend: "local", root, readOnly: false } as const;
  const connections = new Remote(new Buckets([bucket]), 64, counts);
  await writeFile(await manifestPath(), withField(await readFile(await manifestPath()), 30));
  const probes = new LanceProbes(connections, new LanceTables(connections), () => store);
  const probe = await probes.probe(ref, "vector", "l2");
  expect(counts.seen()).toEqual([{ fastPath: "probe-copy", reason: "table-unknown", count: 1 }]);
  await probe.close();
  await connections.close();
});
