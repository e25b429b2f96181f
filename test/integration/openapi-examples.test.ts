import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Example } from "../../lib/http/examples/example.ts";
import { examples } from "../../lib/http/examples.ts";
import type { Operation } from "../../lib/http/operations/operation.ts";
import { type OperationName, operations } from "../../lib/http/operations.ts";
import { apiKey, EmbeddingServer } from "../support/embedding-server.ts";
import { type Answer, type KeyedApi, openKeyedApi } from "../support/keyed-api.ts";
import { createLakehouse, type Lakehouse, waitForJob } from "../support/lakehouse.ts";
import { writeParquetFile } from "../support/parquet-files.ts";

let server: EmbeddingServer;
let lakehouse: Lakehouse;
let api: KeyedApi;

const shown = Object.entries(examples) as [OperationName, Record<string, Example>][];
const all = shown.flatMap(([operation, named]) =>
  Object.entries(named).map(([name, example]) => [operation, name, example] as const),
);

beforeAll(async () => {
  server = await EmbeddingServer.start();
  const providers = server.declared("small", "dimension = 16") + server.declaredReranker("best");
  lakehouse = await createLakehouse(providers);
  const rows = ["one", "two"].map((text, i) => ({ doc_id: `p${i}`, text }));
  const names = ["doc_id", "text"];
  await writeParquetFile(join(lakehouse.source, "notes/part.parquet"), rows as never, { names });
  api = await openKeyedApi({ ...lakehouse.environment, EMBEDDING_API_KEY: apiKey });
});

afterAll(async () => {
  await api?.close();
  for (const name of ["LAKEHOUSE_TOML", "RETIRE_AFTER_MS", "EMBEDDING_API_KEY"]) delete process.env[name];
  await lakehouse?.remove();
  await server?.stop();
});

const send = (operation: OperationName, { path }: Example, body: object) =>
  api.ask(api.everything, operation, { ...(path ? { path } : {}), body });

/** With the cursor that the page before has answered. */
async function withCursor(operation: OperationName, example: Example): Promise<object> {
  const { cursor: _, ...first } = example.value as { cursor: string };
  const { body } = await send(operation, example, { ...first, offset: 0 });
  return { ...first, cursor: body.next };
}

/** So that what other examples have written is seen by those that do not ask for it. */
const seeAll = async ({ path: { index = "" } = {} }: Example) => {
  const query = { consistency: "strong" };
  if (index) await api.ask(api.everything, "listDocuments", { path: { index }, query });
};

/** How much of something an answer has. */
function foundIn({ body }: Answer): number {
  const { hits, groups, results, documents, count, queries, inserted, matched, deleted, updated } = body;
  const found = [hits, groups, results, documents].map((some) => some?.length);
  return [...found, count, queries, inserted, matched, deleted, updated].find((some) => some > 0) ?? 0;
}

test("every operation that takes a body shows some", () => {
  const taking = (Object.entries(operations) as [OperationName, Operation][]).filter(([, { body }]) => body);
  expect(shown.map(([name]) => name).sort()).toEqual(taking.map(([name]) => name).sort());
});

test.each(all)(
  "%s, %s: what is sent is answered as the contract says, and does something",
  async (name, _, example) => {
    await seeAll(example);
    const value = "cursor" in example.value ? await withCursor(name, example) : example.value;
    const answer = await send(name, example, value);
    const { status, response } = operations[name] as Operation;
    expect(answer.status, JSON.stringify(answer.body)).toBe(status);
    response?.parse(answer.body);
    if (name === "startJob") {
      const { error, state } = await waitForJob(api.container, answer.body.id);
      expect({ error, state }).toEqual({ error: null, state: "succeeded" });
    } else if (!["createIndex", "changeIndex", "createKey"].includes(name))
      expect(foundIn(answer), JSON.stringify(answer.body)).toBeGreaterThan(0);
    for (const result of answer.body.results ?? []) expect(result.hits.length).toBeGreaterThan(0);
  },
);
