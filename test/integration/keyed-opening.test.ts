import { expect, test } from "vitest";
import type { Grant } from "../../lib/domain/access/grants.ts";
import { KeyRegistry } from "../../lib/domain/access/key-registry.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import type { SearchRequest } from "../../lib/domain/search/search-request.ts";
import { httpHandler } from "../../lib/http/http-handler.ts";
import { searchingOperations } from "../../lib/http/operations/searching.ts";
import { createLakehouse, runJob } from "../support/lakehouse.ts";
import { sampleRows, writeParquetFile } from "../support/parquet-files.ts";

const grants: Grant[] = [{ actions: ["search"], indexes: ["rows"], buckets: [] }];
const context = { awsRequestId: "opening", getRemainingTimeInMillis: () => 10_000 } as never;

test("a container's first search reads its key and its index side by side, and is refused all the same", async () => {
  const lakehouse = await createLakehouse();
  try {
    await writeParquetFile(`${lakehouse.source}/rows.parquet`, sampleRows(20, 2));
    const writer = lakehouse.open();
    await runJob(writer, { type: "migrate", index: "rows", source: "source/rows.parquet" });
    const { key } = await new KeyRegistry(writer.stores("primary"), writer.clock).create({
      name: "a",
      grants,
    });
    const search = async (given: string) => {
      const container = lakehouse.open({ LAKEHOUSE_AUTH: "keys" });
      const store = container.stores("primary");
      const { get } = store;
      const waiting = Promise.withResolvers<void>();
      store.get = async (name) => {
        if (name.startsWith("registry/indexes/")) waiting.resolve();
        if (name.startsWith("registry/keys/")) await waiting.promise; // ends when the index is read, too
        return get.call(store, name);
      };
      const handler = httpHandler(
        searchingOperations,
        "search",
        () => container,
        async ({ path, body, timeoutMs }, { indexes }) => ({
          body: await searchIndex(indexes, path.index, body as SearchRequest, timeoutMs()),
        }),
      );
      const event = {
        pathParameters: { index: "rows" },
        headers: { "content-type": "application/json", "x-api-key": given },
        body: JSON.stringify({ vector: [1, 0], k: 1 }),
      };
      return (await handler(event as never, context)).statusCode;
    };
    expect(await search(key)).toBe(200);
    expect(await search(`${key.slice(0, 20)}${"A".repeat(43)}`)).toBe(401);
  } finally {
    await lakehouse.remove();
  }
});
