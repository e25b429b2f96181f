import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { dropIndex } from "../../lib/domain/index/drop-index.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { sampleRows, writeParquetFile } from "../support/parquet-files.ts";

let lakehouse: Lakehouse;
let container: Container;

const job = { type: "migrate", index: "docs", source: "source/docs", indexType: "IVF_FLAT" };
const tables = () => container.generations.list("primary", "docs");
const drop = () => dropIndex(container.registry, container.generations, "docs");

beforeEach(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
  await writeParquetFile(join(lakehouse.source, "docs/part.parquet"), sampleRows(300));
  await runJob(container, job);
});

afterEach(() => lakehouse.remove());

/** The container's generations, with one call replaced. */
function failing(name: "drop" | "list", replaced: () => Promise<never>) {
  return new Proxy(container.generations, {
    get: (target, member) => {
      if (member === name) return replaced;
      const value = Reflect.get(target, member, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

test("a drop removes the entry and the data, and a second one finds nothing", async () => {
  await drop();
  expect(await tables()).toEqual([]);
  await expect(container.registry.get("docs")).rejects.toMatchObject({ kind: "IndexNotFound" });
  await expect(drop()).rejects.toMatchObject({ kind: "IndexNotFound" });
});

test("a drop that was cut short is finished by the next one", async () => {
  const cut = failing("drop", () => Promise.reject(new Error("the process was killed")));
  await expect(dropIndex(container.registry, cut, "docs")).rejects.toThrow("killed");
  await expect(container.registry.get("docs")).rejects.toMatchObject({ kind: "IndexNotFound" });
  expect(await tables()).toEqual(["g1"]);
  await drop();
  expect(await tables()).toEqual([]);
});

test("a migration that starts while the data is removed keeps what it builds", async () => {
  const tombstone = failing("list", () => Promise.reject(new Error("slow")));
  await expect(dropIndex(container.registry, tombstone, "docs")).rejects.toThrow("slow");
  expect((await runJob(container, job)).generation).toBe("g2");
  await expect.poll(tables, { timeout: 10_000 }).toEqual(["g2"]);
});
