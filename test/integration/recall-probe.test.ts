import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connection, connect, Index, type Table } from "@lancedb/lancedb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LanceRecallProbe } from "../../lib/adapters/lance/recall/lance-recall-probe.ts";
import type { Metric } from "../../lib/domain/index/index-entry.ts";
import { sampleRows } from "../support/parquet-files.ts";

const oneIn = 7;

let folder: string;
let connection: Connection;
let table: Table;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "probe-"));
  connection = await connect(folder);
  const rows = sampleRows(600, 16).map(({ doc_id, vector }) => ({ doc_id, vector }));
  table = await connection.createTable("t", rows);
});

afterAll(async () => {
  table.close();
  connection.close();
  await rm(folder, { recursive: true, force: true });
});

const probeOf = (metric: Metric) => new LanceRecallProbe(table, "vector", metric, async () => undefined);

/** The same rows, told by LanceDB. */
async function fewIds(): Promise<string[]> {
  const ids = await table.query().withRowId().select(["_rowid"]).toArray();
  return ids.map(({ _rowid }) => String(_rowid)).filter((id) => Number(id) % oneIn === oneIn >> 1);
}

test.each<Metric>(["cosine", "l2", "dot"])(
  "neighbours among few rows are those there are, by %s",
  async (metric) => {
    await table.createIndex("vector", {
      config: Index.ivfFlat({ numPartitions: 4, distanceType: metric }),
      replace: true,
    });
    const probe = probeOf(metric);
    const vectors = (await probe.sample(20)).map(({ vector }) => vector);
    const few = new Set(await fewIds());
    const all = (await probe.exact(vectors, [600])).map(([nearest]) => nearest?.ids);
    const exact = await probe.among(oneIn).exact(vectors, [5, 10]);
    const asked = vectors.map((vector) => ({ vector }));
    const found = await probe.among(oneIn).approximate(asked, 10, { nprobes: 4 });
    for (const i of vectors.keys()) {
      const nearest = all[i]?.filter((id) => few.has(id)).slice(0, 10);
      expect(exact[i]?.[0]?.ids.slice(0, 5)).toEqual(nearest?.slice(0, 5));
      expect(exact[i]?.[1]?.ids.slice(0, 10)).toEqual(nearest);
      expect(found[i]).toEqual(nearest);
    }
  },
);

test("what is sampled beside rows is at no row's place, and each time the same", async () => {
  const probe = probeOf("cosine");
  const beside = await probe.sampleBeside(25);
  expect(await probe.sampleBeside(25)).toEqual(beside);
  const places = new Set((await probe.sample(600)).map(({ vector }) => vector.join()));
  expect(places.size).toBe(600);
  for (const { id, vector } of beside) {
    expect(id).toBeNull();
    expect(places.has(vector.join())).toBe(false);
  }
});
