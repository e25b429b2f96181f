import assert from "node:assert/strict";
import { connect } from "@lancedb/lancedb";
import { storageOptionsOf } from "../../lib/adapters/lance/tables/storage-options.ts";
import type { Bucket } from "../../lib/domain/bucket.ts";
import type { S3Place, StoreRule } from "./store-rule.ts";

const [writers, appends] = [8, 3];
const lost = "Documents that were acknowledged are not there: LanceDB's commits overwrite each other.";

/** What LanceDB makes of the store, with the options that tables have here. */
export const lanceRules: StoreRule<S3Place>[] = [
  {
    name: "of 8 writers that append to a table at the same time no row is lost",
    otherwise: lost,
    check: async ({ bucket }) => {
      await within(bucket, (db) => db.createTable("t", [{ id: -1 }]));
      const append = (writer: number) =>
        within(bucket, async (db) => {
          const table = await db.openTable("t");
          for (let i = 0; i < appends; i++) await table.add([{ id: writer * appends + i }]);
          table.close();
        });
      await Promise.all(Array.from({ length: writers }, (_, writer) => append(writer)));
      const read = await within(bucket, async (db) => (await db.openTable("t")).query().toArray());
      const ids = read.map(({ id }) => Number(id));
      const all = Array.from({ length: writers * appends }, (_, id) => id);
      const missing = all.filter((id) => !ids.includes(id)).length;
      assert.equal(missing, 0, `${missing} of ${all.length} rows are missing`);
      assert.equal(ids.length, all.length + 1, "rows are there twice");
    },
  },
  {
    name: "a file that LanceDB uploads in parts is read as it was written",
    otherwise: "Larger indexes are damaged.",
    check: async ({ bucket }) => {
      const vectors = Array.from({ length: 3_000 }, (_, id) => ({
        id,
        vector: Array.from({ length: 1_024 }, (_, i) => (id * 31 + i * 17) % 1_009),
      }));
      await within(bucket, (db) => db.createTable("large", vectors));
      const read = await within(bucket, async (db) => (await db.openTable("large")).query().toArray());
      assert.equal(read.length, vectors.length);
      for (const { id, vector } of read) assert.deepEqual([...vector], vectors[Number(id)]?.vector);
    },
  },
];

async function within<T>(
  bucket: Bucket,
  work: (db: Awaited<ReturnType<typeof connect>>) => Promise<T>,
): Promise<T> {
  const db = await connect(`${bucket.root}/lance`, { storageOptions: storageOptionsOf(bucket) });
  try {
    return await work(db);
  } finally {
    db.close();
  }
}
