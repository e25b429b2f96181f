import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { DecodedUnit, ReadFile } from "../../lib/adapters/parquet/decoding/decode-messages.ts";
import { SizedDecoder } from "../../lib/adapters/parquet/threads/sized-decoder.ts";
import { limits } from "../../lib/config/limits.ts";
import type { Container } from "../../lib/container.ts";
import { FallbackCounts } from "../../lib/domain/fallback-counts.ts";
import { plan } from "../../lib/domain/jobs/plan.ts";
import { fetchDocument } from "../../lib/domain/search/fetch-document.ts";
import type { FileFooter, TargetSchema } from "../../lib/domain/source/parquet-source.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { parquetBytes, sampleRows } from "../support/parquet-files.ts";

/** 4,000 rows with five texts of 20 kB: 80 MB in a file of 5 kB. */
const file = join(import.meta.dirname, "../support/parquet/repetitive-text.parquet");
const textOf = (row: number) => `${"abcde"[row % 5]} text `.repeat(2_857);

let lakehouse: Lakehouse;
let container: Container;

beforeEach(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
  await mkdir(join(lakehouse.source, "docs"), { recursive: true });
  await copyFile(file, join(lakehouse.source, "docs/part.parquet"));
});

afterEach(() => lakehouse.remove());

const consistency = "eventual" as const;

test("texts that a dictionary makes small are loaded in units of usual size, each as it was", async () => {
  const job = await runJob(container, { type: "migrate", index: "docs", source: "source/docs" });
  expect(job.error).toBeNull();
  expect(job.rows).toMatchObject({ done: 4_000 });
  const { units } = (await container.ledger.read(job.id, "plan", plan)) ?? { units: [] };
  for (const { rows } of units) expect(rows * 20_000).toBeLessThanOrEqual(limits.unitTargetBytes);
  for (const row of [0, 1_234, 3_999]) {
    const request = {
      index: "docs",
      docId: `d${row}`,
      select: ["parent_text"],
      consistency,
    };
    const found = await fetchDocument(container.indexes, request, 10_000);
    expect(found["parent_text"]).toBe(textOf(row));
  }
});

test("what does not fit in the decoder's memory is decoded in smaller steps", async () => {
  const bytes = await readFile(file);
  const counts = new FallbackCounts(() => undefined);
  const read: ReadFile = async (_, start, end) => Uint8Array.from(bytes.subarray(start, end));
  const decoder = new SizedDecoder(read, counts);
  const about = { file: "part.parquet", bytes: bytes.length };
  try {
    const footer = (await decoder.ask({ ask: "footer", ...about }, 20_000)) as FileFooter;
    const [rowGroup] = footer.rowGroups;
    expect((rowGroup?.bytes ?? 0) + (rowGroup?.moreBytes ?? 0)).toBeGreaterThan(4_000 * 19_000);
    const unit = { id: 0, file: 0, rowGroups: [{ index: 0, rows: 4_000 }], firstRow: 0, rows: 4_000 };
    const { ipc } = (await decoder.ask({ ask: "unit", ...about, unit, target }, 60_000)) as DecodedUnit;
    const texts = tableFromIPC(ipc).getChild("parent_text");
    expect(texts?.length).toBe(4_000);
    for (const row of [0, 511, 512, 3_999]) expect(texts?.get(row)).toBe(textOf(row));
    expect(counts.seen()).toEqual([{ fastPath: "usual-decoder-memory", reason: "faulted", count: 1 }]);
  } finally {
    await decoder.close();
  }
});

test("so are files of which one after the other fills it, whose fault is caught as an error", async () => {
  const texts = Array.from({ length: 100 }, (_, i) => `${i} of the texts that many rows share. `.repeat(256));
  const rows = sampleRows(5_000).map((row, i) => ({ ...row, parent_text: texts[i % texts.length] }));
  const bytes = parquetBytes(rows, {
    rowGroupRows: rows.length,
    properties: (builder) => builder.setDictionaryPageSizeLimit(16 * 1_048_576),
  });
  const unit = { id: 0, file: 0, rowGroups: [{ index: 0, rows: 1_600 }], firstRow: 0, rows: 1_600 };
  const decoder = new SizedDecoder(async (_, start, end) => Uint8Array.from(bytes.subarray(start, end)));
  try {
    for (const file of ["a.parquet", "b.parquet", "c.parquet"]) {
      const request = { ask: "unit", file, bytes: bytes.length, unit, target } as const;
      const { ipc } = (await decoder.ask(request, 60_000)) as DecodedUnit;
      const decoded = tableFromIPC(ipc).getChild("parent_text");
      for (const row of [0, 1_599]) expect(decoded?.get(row)).toBe(texts[row % texts.length]);
    }
  } finally {
    await decoder.close();
  }
});

const target: TargetSchema = {
  ...{ idColumn: "doc_id", vectorColumn: "vector", dimension: 8, refuseZeroVectors: false },
  columns: [
    { name: "doc_id", type: "Utf8" },
    { name: "parent_text", type: "Utf8" },
    { name: "vector", type: "FixedSizeList[8]<Float32>" },
  ],
};
