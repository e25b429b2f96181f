import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import { type Fault, FaultProxy } from "../support/fault-proxy.ts";
import { createLakehouse } from "../support/lakehouse.ts";
import { describeLongWrites, type LongWrites } from "../support/long-writes.ts";
import { createS3Lakehouse } from "../support/s3-lakehouse.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { s3Places } from "../support/stack-stores.ts";
import { untilAcknowledged } from "../support/until-acknowledged.ts";

/** Shorter: WRITE_KILLS=5 WRITE_SECONDS=10. */
const sizes: LongWrites = {
  kills: Number(process.env["WRITE_KILLS"] ?? 50),
  seconds: Number(process.env["WRITE_SECONDS"] ?? 60),
  writers: 8,
  keys: 1_000,
};

describeLongWrites(
  "a local folder",
  async () => ({ ...(await createLakehouse()), bucket: "testing" }),
  sizes,
);
describeLongWrites("MinIO", () => createS3Lakehouse(s3Places.MinIO()), sizes);

describe("documents written for long over a network and to a store that fail once in ten requests", () => {
  const faultOf = (random: number): Fault | undefined => {
    if (random < 0.025) return { kind: "reset", at: "start" };
    if (random < 0.05) return { kind: "reset", at: "answer" };
    if (random < 0.1) return { kind: "status", status: 503 };
    return random < 0.11 ? { kind: "dropAnswer" } : undefined;
  };

  test("each is there once, sent again until it is acknowledged", async ({ task }) => {
    const lakehouse = await createS3Lakehouse(s3Places.MinIO());
    const proxy = await FaultProxy.start(s3Places.MinIO().endpoint);
    try {
      const request = createRequest.parse({
        name: "faulty",
        bucket: lakehouse.bucket,
        dimension: 2,
        columns: [],
      });
      await createIndex(lakehouse.open(), request, undefined);
      const by = lakehouse.open({ WRITE_TURN_MS: "1000", AWS_ENDPOINT: proxy.endpoint });
      const random = seededRandom(1);
      proxy.fault = () => faultOf(random());
      const [ids, until] = [[] as string[], Date.now() + 1_000 * sizes.seconds];
      for (let i = 0; Date.now() < until; i++) {
        const documents = [{ doc_id: `d${i}`, vector: [1, i] }];
        const keyed = { key: randomUUID(), request: "insert" };
        await untilAcknowledged(() =>
          writeDocuments(by, { index: "faulty", mode: "insert", documents, keyed }, 20_000),
        );
        ids.push(`d${i}`);
      }
      proxy.fault = () => undefined;
      const ref = { index: "faulty", bucket: lakehouse.bucket, generation: "g1" };
      const there = await lakehouse.open().documents.with(ref, (open) => open.present("doc_id", ids));
      expect(there.sort()).toEqual(ids.sort());
      expect(await lakehouse.open().generations.rowsOf(ref)).toBe(ids.length);
      task.meta.figures = `${ids.length} writes`;
    } finally {
      await proxy.stop();
      await lakehouse.remove();
    }
  });
});
