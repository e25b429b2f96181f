import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import { jobInput } from "../../lib/domain/jobs/job.ts";
import { startJob } from "../../lib/domain/jobs/start-job.ts";
import { fetchDocuments } from "../../lib/domain/search/fetch-document.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { apiKey, EmbeddingServer } from "../support/embedding-server.ts";
import { createLakehouse, type Lakehouse, waitForJob } from "../support/lakehouse.ts";
import { otherProcess } from "../support/other-process.ts";
import { writeParquetFile } from "../support/parquet-files.ts";
import { wordsVector } from "../support/words-vector.ts";

let server: EmbeddingServer;
let lakehouse: Lakehouse;
let container: Container;
let environment: Record<string, string>;

const embedding = { provider: "words", column: "text" };
const columns = [{ name: "text", type: "Utf8" }];

beforeAll(async () => {
  server = await EmbeddingServer.start();
  lakehouse = await createLakehouse(
    server.declared("words", "dimension = 16\nconcurrency = 1\nbatch = 200\ntimeout_ms = 60000"),
  );
  environment = { ...lakehouse.environment, EMBEDDING_API_KEY: apiKey };
  container = lakehouse.open({ EMBEDDING_API_KEY: apiKey, WRITE_TURN_MS: "500" });
  await createIndex(container, createRequest.parse({ name: "notes", columns, embedding }), undefined);
  for (const file of files)
    await writeParquetFile(join(lakehouse.source, `texts/${file}.parquet`), textsOf(file) as never, {
      names: ["doc_id", "text"],
    });
});

beforeEach(() => {
  server.faults = [];
  server.forget();
});

afterAll(async () => {
  await lakehouse.remove();
  await server.stop();
});

const files = ["a", "b", "c"];
const perFile = 300; // two requests
const textsOf = (file: string) =>
  Array.from({ length: perFile }, (_, i) => ({ doc_id: `${file}${i}`, text: `${file} number ${i}` }));

/** Ids, of these, whose vectors are not those of their texts. */
async function wrongVectors(index: string, ids: string[]): Promise<unknown[]> {
  const asked = { ids, select: ["text", "vector"], consistency: "strong" as const };
  const { documents } = await fetchDocuments(container.indexes, index, asked, 20_000);
  expect(documents).toHaveLength(ids.length);
  return documents
    .filter(({ text, vector }) => {
      const right = wordsVector(String(text), 16);
      return (vector as number[]).some((one, i) => Math.abs(one - (right[i] ?? 0)) > 1e-6);
    })
    .map(({ doc_id }) => doc_id);
}

/** All ids that a search finds, as often as it does. */
async function idsOf(index: string): Promise<string[]> {
  const request = parseSearchRequest({
    vector: wordsVector("a number 1", 16),
    k: 1_000,
    consistency: "strong",
  });
  const { hits } = await searchIndex(container.indexes, index, request, 20_000);
  return hits.map(({ doc_id }) => String(doc_id)).sort();
}

describe("documents that a process was embedding when it was killed", () => {
  const documentsOf = (name: string) =>
    ["x", "y"].map((one) => ({ doc_id: `${name}-${one}`, text: `${name} about ${one}` }));
  const send = (documents: object[], key: string) => {
    const keyed = { key, request: "insert" };
    return writeDocuments(container, { index: "notes", mode: "insert", documents, keyed }, 20_000);
  };

  test("are there once after they were committed and not answered, and are sent again, whatever the model makes of them then", async () => {
    const [documents, key] = [documentsOf("committed"), randomUUID()];
    const ids = documents.map(({ doc_id }) => doc_id);
    const dying = otherProcess(environment, "write-unanswered", "notes", JSON.stringify(documents), key);
    expect(await dying.exited).toBe("SIGKILL");
    expect(server.texts).toHaveLength(2);
    expect(await idsOf("notes")).toEqual(ids);
    server.drift = 0.25;
    const answer = await send(documents, key);
    expect(answer).toMatchObject({ version: 2, inserted: 0, updated: 0 }); // nothing more
    expect(server.texts).toHaveLength(4); // whether it was committed is found out when its turn has come
    expect(await send(documents, key)).toEqual(answer);
    expect(server.texts).toHaveLength(4);
    server.drift = 0;
    expect(await idsOf("notes")).toEqual(ids);
    expect(await wrongVectors("notes", ids)).toEqual([]);
  });

  test("are not there where the provider had not answered, and are written once when they are sent again", async () => {
    const [documents, key] = [documentsOf("asked"), randomUUID()];
    server.faults = ["hang"];
    const dying = otherProcess(environment, "write-unanswered", "notes", JSON.stringify(documents), key);
    await expect.poll(() => server.asked.length, { timeout: 20_000 }).toBe(1);
    await dying.kill();
    const ids = documents.map(({ doc_id }) => doc_id);
    expect(await idsOf("notes")).not.toEqual(expect.arrayContaining(ids));
    expect(await send(documents, key)).toMatchObject({ inserted: 2 });
    expect(await wrongVectors("notes", ids)).toEqual([]);
  });
});

describe("a migration that embeds", () => {
  const migrate = (index: string) => ({
    type: "migrate",
    index,
    source: "source/texts",
    embedding,
    workers: 1,
  });
  const all = files.flatMap(textsOf);

  /** Takes over what another process has left. @returns texts that were embedded more than once, by file */
  async function finished(index: string, id: string): Promise<string[]> {
    await startJob(container, id, jobInput.parse(migrate(index)));
    const { state, rows, error } = await waitForJob(container, id);
    expect({ state, rows, error }).toEqual({
      ...{ state: "succeeded", error: null },
      rows: { done: all.length, total: all.length },
    });
    expect(await idsOf(index)).toEqual(all.map(({ doc_id }) => doc_id).sort());
    expect(
      await wrongVectors(
        index,
        all.map(({ doc_id }) => doc_id),
      ),
    ).toEqual([]);
    const times = new Map<string, number>();
    for (const text of server.texts) times.set(text, (times.get(text) ?? 0) + 1);
    expect(new Set(times.keys())).toEqual(new Set(all.map(({ text }) => text)));
    expect(Math.max(...times.values())).toBeLessThanOrEqual(2);
    return [...new Set([...times].flatMap(([text, count]) => (count > 1 ? [text[0] ?? ""] : [])))].sort();
  }

  test.each([
    [1, ["a"]],
    [2, ["a"]],
    [3, ["a", "b"]],
    [4, ["a", "b"]],
    [6, ["b", "c"]],
  ])(
    "killed while the provider was asked for the %i. time, is finished by another process, and embeds anew what was under way alone",
    async (request, most) => {
      const index = `asked-${request}`;
      server.faults = [...Array(request - 1).fill("none"), "hang"];
      const dying = otherProcess(environment, "job-to-its-end", index, JSON.stringify(migrate(index)));
      await expect.poll(() => server.asked.length, { timeout: 30_000 }).toBe(request);
      await dying.kill();
      server.faults = [];
      expect(most).toEqual(expect.arrayContaining(await finished(index, index)));
    },
  );

  test.each([9, 16, 23, 30])(
    "killed after its call %i to tables and ledger, does the same",
    async (calls) => {
      const index = `call-${calls}`;
      const dying = otherProcess(
        environment,
        "job-until",
        index,
        JSON.stringify(migrate(index)),
        String(calls),
      );
      expect(["SIGKILL", 0]).toContain(await dying.exited);
      expect((await finished(index, index)).length).toBeLessThanOrEqual(2);
    },
  );
});
