import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fetchDocument } from "../../lib/domain/search/fetch-document.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { sampleRows, writeParquetFile } from "../support/parquet-files.ts";

let lakehouse: Lakehouse;

const rows = 40_000;
const files = 8;
const texts = Array.from({ length: 100 }, (_, i) => `${i} of the texts that many rows share. `.repeat(256));
const timeoutMs = 600_000;
const textOf = (file: number, row: number) => texts[(7 * file + row) % texts.length];

/** Some 400 MB of text in files of some 100 kB: a row group's dictionary holds each text once. */
beforeEach(async () => {
  lakehouse = await createLakehouse();
  for (let file = 0; file < files; file++)
    await writeParquetFile(
      join(lakehouse.source, `docs/${file}.parquet`),
      sampleRows(rows / files, 8, `f${file}-`).map((row, i) => ({ ...row, parent_text: textOf(file, i) })),
      {
        rowGroupRows: rows / files,
        properties: (builder) => builder.setDictionaryPageSizeLimit(16 * 1_048_576),
      },
    );
}, timeoutMs);

afterEach(() => lakehouse.remove());

const migrate = { type: "migrate", index: "docs", source: "source/docs" };

test(
  `${texts.length} texts of 10 kB in ${rows} rows are loaded, each as it was`,
  async () => {
    const container = lakehouse.open();
    expect((await runJob(container, migrate, timeoutMs)).error).toBeNull();
    expect((await container.registry.get("docs")).value.published?.rows).toBe(rows);
    for (const [file, row] of [
      [0, 0],
      [3, 1_234],
      [7, rows / files - 1],
    ] as const) {
      const asked = {
        index: "docs",
        docId: `f${file}-${row}`,
        select: ["parent_text"],
        consistency: "eventual" as const,
      };
      expect((await fetchDocument(container.indexes, asked, 10_000))["parent_text"]).toBe(textOf(file, row));
    }
  },
  timeoutMs,
);

test(
  "a scalar index over them that does not fit in LanceDB's memory is refused by the column's name",
  async () => {
    const container = lakehouse.open();
    const { error } = await runJob(container, { ...migrate, filterColumns: ["parent_text"] }, timeoutMs);
    expect(error).toMatchObject({
      code: "index-parameters-invalid",
      message: expect.stringContaining('"parent_text"'),
    });
    // and the process goes on
    expect((await runJob(container, migrate, timeoutMs)).error).toBeNull();
  },
  timeoutMs,
);
