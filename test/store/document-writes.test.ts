import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import type { KeyedWrite } from "../../lib/domain/documents/stored-turn.ts";
import { writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import { fetchDocuments } from "../../lib/domain/search/fetch-document.ts";
import { describeDocumentWrites } from "../support/document-writes.ts";
import { type Fault, FaultProxy } from "../support/fault-proxy.ts";
import { otherProcess } from "../support/other-process.ts";
import { createS3Lakehouse, type S3Lakehouse } from "../support/s3-lakehouse.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { s3Places } from "../support/stack-stores.ts";
import { untilAcknowledged } from "../support/until-acknowledged.ts";

describeDocumentWrites("MinIO", () => createS3Lakehouse(s3Places.MinIO()));

describe("documents written over a bad network", () => {
  const turn = { WRITE_TURN_MS: "400" };
  let lakehouse: S3Lakehouse;
  let proxy: FaultProxy;

  beforeAll(async () => {
    lakehouse = await createS3Lakehouse(s3Places.MinIO());
    proxy = await FaultProxy.start(s3Places.MinIO().endpoint);
    for (const name of ["lost", "killed"]) {
      const request = createRequest.parse({ name, bucket: lakehouse.bucket, dimension: 4 });
      await createIndex(lakehouse.open(), request, undefined);
    }
  });

  afterAll(async () => {
    await lakehouse?.remove();
    await proxy?.stop();
  });

  const through = () => ({ ...turn, AWS_ENDPOINT: proxy.endpoint });
  const document = (doc_id: string) => ({ doc_id, vector: [1, 0, 0, 0] });

  const idsOf = async (index: string, ids: string[]) => {
    const { indexes } = lakehouse.open();
    const { documents } = await fetchDocuments(indexes, index, { ids, consistency: "strong" }, 10_000);
    return documents.map(({ doc_id }) => doc_id);
  };

  test.each([
    [
      "connections that are reset",
      (random: number): Fault | undefined =>
        random < 0.1 ? { kind: "reset", at: random < 0.05 ? "start" : "answer" } : undefined,
    ],
    [
      "answers that are lost",
      (random: number): Fault | undefined => (random < 0.05 ? { kind: "dropAnswer" } : undefined),
    ],
    [
      "a store that is busy",
      (random: number): Fault | undefined => (random < 0.1 ? { kind: "status", status: 503 } : undefined),
    ],
  ])("with %s: each is there once, sent again until it is acknowledged", async (what, faultOf) => {
    const random = seededRandom(what.length);
    const by = lakehouse.open(through());
    proxy.fault = () => faultOf(random());
    const ids = Array.from({ length: 12 }, (_, i) => `${what.replaceAll(" ", "-")}-${i}`);
    try {
      for (const id of ids) {
        const keyed = { key: randomUUID(), request: id };
        await untilAcknowledged(() => write(by, id, keyed));
      }
    } finally {
      proxy.fault = () => undefined;
    }
    expect(await idsOf("lost", ids)).toEqual(ids);
    const ref = { index: "lost", bucket: lakehouse.bucket, generation: "g1" };
    const all = await lakehouse.open().documents.with(ref, (documents) => documents.present("doc_id", ids));
    expect(all.sort()).toEqual([...ids].sort());
  });

  const write = (by: ReturnType<S3Lakehouse["open"]>, id: string, keyed: KeyedWrite) =>
    writeDocuments(by, { index: "lost", mode: "insert", documents: [document(id)], keyed }, 20_000);

  test("a process that dies at one of its requests, early or late: what is sent again is there once", async () => {
    const container = lakehouse.open(turn);
    let [requests, writes] = [Number.POSITIVE_INFINITY, 0];
    for (let at = 0; at < requests; at += 3) {
      writes++;
      const id = `k${at}`;
      const documents = JSON.stringify([document(id)]);
      const keyed = { key: randomUUID(), request: String(documents.length) };
      const child = otherProcess(
        { ...lakehouse.environment, ...through() },
        "write-later",
        "killed",
        "insert",
        documents,
        keyed.key,
      );
      while (!((await child.next()) as { opened?: true })?.opened);
      proxy.resetCounts();
      const killed = Promise.withResolvers<void>();
      proxy.fault = ({ number }) => {
        if (number !== at) return undefined;
        killed.resolve();
        return { kind: "hang" };
      };
      child.tell("go");
      await Promise.race([killed.promise, child.exited]);
      await child.kill();
      proxy.fault = () => undefined;
      if (child.messages.length > 0) requests = at;
      const request = { index: "killed", mode: "insert" as const, documents: [document(id)], keyed };
      const answer = await writeDocuments(container, request, 20_000);
      expect(await writeDocuments(container, request, 20_000)).toEqual(answer);
      expect(await idsOf("killed", [id])).toEqual([id]);
    }
    expect(writes).toBeGreaterThan(4);
    const ref = { index: "killed", bucket: lakehouse.bucket, generation: "g1" };
    expect(await container.generations.rowsOf(ref)).toBe(writes);
  });
});
