import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lanceCounts } from "../../lib/adapters/lance/lance-counts.ts";
import { requestCounts } from "../../lib/adapters/store/request-counts.ts";
import type { Container } from "../../lib/container.ts";
import { noCounts, plus, type StoreCounts } from "../../lib/domain/cost/store-counts.ts";
import { deleteDocuments } from "../../lib/domain/documents/delete-documents.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { warmIndex } from "../../lib/domain/search/warm-index.ts";
import { FaultProxy, type ProxyCounts } from "../support/fault-proxy.ts";
import { runJob } from "../support/lakehouse.ts";
import { parquetBytes, sampleRows } from "../support/parquet-files.ts";
import { createS3Lakehouse, type S3Lakehouse } from "../support/s3-lakehouse.ts";
import { s3Places } from "../support/stack-stores.ts";

const timeoutMs = 30_000;
const index = "counted";
const rows = sampleRows(700, 8);
const request = parseSearchRequest({ vector: rows[0]?.vector, k: 10, consistency: "strong" });

describe.each([
  ["from the store", "0"],
  ["from copies", "100000000"],
])(
  "requests to MinIO, %s, as they are counted and as a proxy before it sees them",
  (_, REPLICA_MAX_BYTES) => {
    let lakehouse: S3Lakehouse;
    let proxy: FaultProxy;
    let container: Container;
    let before: StoreCounts;

    beforeAll(async () => {
      lakehouse = await createS3Lakehouse(s3Places.MinIO());
      await lakehouse.stores(lakehouse.bucket).put("rows.parquet", parquetBytes(rows));
      proxy = await FaultProxy.start(s3Places.MinIO().endpoint);
      container = lakehouse.open({ AWS_ENDPOINT: proxy.endpoint, REPLICA_MAX_BYTES });
      before = counted();
    });

    afterAll(async () => {
      await container.close();
      await proxy.stop();
      await lakehouse.remove();
    });

    /** What goes on behind answers is counted when it has ended. */
    const expectCountedAsSeen = () =>
      expect
        .poll(() => [withoutBytes(plus(counted(), before, -1)), seenBy(proxy.counts)], { timeout: timeoutMs })
        .toSatisfy(([own, seen]) => isDeepStrictEqual(own, seen));

    test("a job's, LanceDB's uploads and lists among them", async () => {
      const { bucket } = lakehouse;
      const input = {
        type: "migrate",
        index,
        bucket,
        source: `${bucket}/rows.parquet`,
        indexType: "IVF_FLAT",
      };
      expect((await runJob(container, input)).error).toBeNull();
      await expectCountedAsSeen();
      const { get, put, list } = seenBy(proxy.counts);
      expect(Math.min(get, put, list)).toBeGreaterThan(0);
    });

    test("a search's, and those behind it", async () => {
      const begun = container.spending.begin(0, true);
      await searchIndex(container.indexes, index, request, timeoutMs);
      const { explained } = container.spending.end(begun);
      expect(explained?.counted).toBe("all");
      expect(explained?.store.get).toBeGreaterThan(0);
      expect(explained?.store.bytesRead).toBeGreaterThan(0);
      await warmIndex(container.indexes, index, timeoutMs);
      await expectCountedAsSeen();
    });

    test("a write's", async () => {
      const begun = container.spending.begin(0, true);
      const ids = [rows[1]?.doc_id as string];
      await deleteDocuments(container, index, { ids, dryRun: false }, undefined, timeoutMs);
      const { explained } = container.spending.end(begun);
      expect(explained?.store.put).toBeGreaterThan(0);
      await expectCountedAsSeen();
    });
  },
);

const counted = () => plus(requestCounts, lanceCounts() ?? noCounts());

const withoutBytes = ({ bytesRead: _, bytesWritten: __, ...kinds }: StoreCounts) => kinds;

function seenBy({ operations }: ProxyCounts) {
  const of = (...names: (keyof typeof operations)[]) =>
    names.reduce((sum, name) => sum + (operations[name] ?? 0), 0);
  return {
    get: of("GetObject"),
    head: of("HeadObject"),
    put: of("PutObject", "CopyObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"),
    list: of("ListObjects"),
    delete: of("DeleteObject", "DeleteObjects", "AbortMultipartUpload"),
  };
}
