import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { type Row, sampleRows, writeParquetFile } from "../support/parquet-files.ts";

let lakehouse: Lakehouse;

beforeEach(async () => {
  lakehouse = await createLakehouse();
});

afterEach(() => lakehouse.remove());

const count = 20;
const rows = 20_000;
const timeoutMs = 600_000;
const filterColumns = ["place", "language"];

/** Ids and values that are long to sort: beside each other the builds of all these jobs do not fit in LanceDB's memory. */
function wideRows(prefix: string): Row[] {
  return sampleRows(rows, 8, `${prefix}-`.padEnd(200, "-")).map((row, i) => ({
    ...row,
    place: `${"place".repeat(60)} ${i % 977}`,
    language: "cdefnp"[i % 6],
  }));
}

test(
  `${count} migrations at once in one process: each is published with all its rows`,
  async () => {
    const names = Array.from({ length: count }, (_, i) => `docs-${i}`);
    await writeParquetFile(join(lakehouse.source, "docs/part.parquet"), wideRows("d"), {
      rowGroupRows: rows / 4,
    });
    const container = lakehouse.open();
    const jobs = await Promise.all(
      names.map((index) =>
        runJob(container, { type: "migrate", index, source: "source/docs", filterColumns }, timeoutMs),
      ),
    );
    expect(jobs.map(({ error }) => error)).toEqual(names.map(() => null));
    for (const name of names)
      expect((await container.registry.get(name)).value.published).toMatchObject({
        rows,
        asked: { filterColumns },
      });
  },
  timeoutMs,
);
