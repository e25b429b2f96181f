import type { BenchRun } from "../bench-run.ts";
import { benchSet } from "../bench-set.ts";
import type { Grown, Migrated } from "../results.ts";
import { mebibytes, ms, type Section, seconds, share, tableOf } from "./section.ts";

const queries = 300;

/** What more rows cost. */
export const growth: Section<"growth"> = {
  title: "Growth",
  async measure(run, keep) {
    const sizes: Grown[] = [];
    for (const rows of run.options.growth) {
      sizes.push(await measureSize(run, rows));
      await keep(sizes);
    }
    return sizes;
  },
  markdown(sizes) {
    const rows = sizes.map((one) => [
      `${one.rows} × ${one.dimension} (${one.type})`,
      `${Math.round(one.rowsPerSecond)} rows/s`,
      seconds(one.buildMs),
      share(one.recall),
      ms(one.search.p50),
      ms(one.fetch.p50),
      mebibytes(one.bytes),
    ]);
    return tableOf(["", "load", "build", "recall@10, by the job", "search p50", "fetch p50", "bytes"], rows);
  },
};

async function measureSize(run: BenchRun, rows: number): Promise<Grown> {
  const dimension = run.options.growthDimension;
  const file = await run.step(`set of ${rows}`, () => benchSet(rows, "fixed_size_list", dimension));
  const index = `growth-${rows}`;
  const migration = { index, source: `sets/${file}`, indexType: "auto" };
  const migrated = await run.step(`${rows} rows: migrate`, () =>
    run.child<Migrated>("migrate-child.ts", migration),
  );
  const timed = await run.step(`${rows} rows: searches`, () =>
    run.child<Pick<Grown, "search" | "fetch">>("growth-child.ts", { index, rows, dimension, queries }),
  );
  const { phases, type, recall, bytesOnDisk } = migrated;
  const [load = Number.NaN, build = Number.NaN] = [phases["load"], phases["build"]];
  return {
    rows,
    dimension,
    type,
    rowsPerSecond: (rows / load) * 1_000,
    buildMs: build,
    recall,
    bytes: bytesOnDisk,
    ...timed,
  };
}
