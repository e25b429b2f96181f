import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LanceConnections } from "../../lib/adapters/lance/tables/connections.ts";
import { Buckets } from "../../lib/domain/bucket.ts";

let root: string;
let connections: LanceConnections;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "connections-"));
  connections = new LanceConnections(
    new Buckets([{ name: "primary", backend: "local", root, readOnly: false }]),
    64,
  );
});

afterEach(() => rm(root, { recursive: true, force: true }));

test("what is closed closes its connections, one that a call is under way with when it is released", async () => {
  const unused = await connections.lease("primary", "unused");
  unused.release();
  const { connection, release } = await connections.lease("primary", "docs");
  (await connection.createTable("g1", [{ id: 1 }])).close();
  const opening = connection.openTable("g1");
  await connections.close();
  expect(unused.connection.isOpen()).toBe(false);
  (await opening).close();
  release();
  await expect.poll(() => connection.isOpen()).toBe(false);
});
