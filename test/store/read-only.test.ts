import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HttpClient } from "../support/http-client.ts";
import { runJob } from "../support/lakehouse.ts";
import { type OfflineApi, startOffline } from "../support/offline-server.ts";
import { parquetBytes, sampleRows } from "../support/parquet-files.ts";
import { readOnlyCredentials } from "../support/read-only-credentials.ts";
import { createS3Lakehouse, type S3Lakehouse } from "../support/s3-lakehouse.ts";
import { s3Places } from "../support/stack-stores.ts";

let lakehouse: S3Lakehouse;
let api: OfflineApi;
let http: HttpClient;
const vector = sampleRows(1)[0]?.vector;

beforeAll(async () => {
  lakehouse = await createS3Lakehouse(s3Places.MinIO());
  await lakehouse.stores(lakehouse.bucket).put("small.parquet", parquetBytes(sampleRows(300)));
  const source = `${lakehouse.bucket}/small.parquet`;
  await runJob(lakehouse.open(), { type: "migrate", index: "docs", source, indexType: "IVF_FLAT" });
  const reader = await readOnlyCredentials(s3Places.MinIO());
  api = await startOffline({
    ...lakehouse.environment,
    STORE_ACCESS_KEY_ID: reader.accessKeyId,
    STORE_SECRET_ACCESS_KEY: reader.secretAccessKey,
    STORE_SESSION_TOKEN: reader.sessionToken ?? "",
  });
  http = new HttpClient(api.url);
});

afterAll(async () => {
  await api?.stop();
  await lakehouse?.remove();
});

describe("with credentials that may only read", () => {
  test("search, fetch and lists work, in either consistency", async () => {
    for (const consistency of ["eventual", "strong"]) {
      const found = await http.search("docs", { vector, k: 3, consistency });
      expect([found.status, found.body.hits?.[0]?.doc_id]).toEqual([200, "d0"]);
      const query = `?consistency=${consistency}`;
      const fetched = await http.call("fetchDocument", { index: "docs", docId: "d1" }, { query });
      expect([fetched.status, fetched.body.doc_id]).toEqual([200, "d1"]);
      const listed = await http.call("listDocuments", { index: "docs" }, { query });
      expect([listed.status, listed.body.documents?.length]).toEqual([200, 100]);
    }
  });

  test("indexes are listed and described", async () => {
    expect((await http.call("listIndexes")).body.indexes).toHaveLength(1);
    expect((await http.call("getIndex", { index: "docs" })).body.stats.rows).toBe(300);
  });

  test("whatever writes is refused with 403", async () => {
    const source = `${lakehouse.bucket}/small.parquet`;
    const refused = [
      await http.startJob({ type: "migrate", index: "docs", source }),
      await http.startJob({ type: "migrate", index: "new", source, bucket: lakehouse.bucket }),
      await http.startJob({ type: "build-index", index: "docs" }),
      await http.call("changeIndex", { index: "docs" }, { body: { maxStalenessMs: 0 } }),
      await http.call("dropIndex", { index: "docs" }),
    ];
    expect(refused.map(({ status, body }) => [status, body.code])).toEqual(
      refused.map(() => [403, "bucket-read-only"]),
    );
    expect((await http.search("docs", { vector, consistency: "strong" })).status).toBe(200);
    expect((await http.call("listJobs")).body.jobs).toHaveLength(1);
  });
});
