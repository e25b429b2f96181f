import { type BenchRun, exactBatch } from "../bench-run.ts";
import type { Filtered } from "../results.ts";
import { ms, type Section, share, tableOf, times } from "./section.ts";

/** A search whose filter leaves 1 % of the rows, against the same search without it. */
export const filter: Section<"filter"> = {
  title: "A filter that leaves 1 % of the rows",
  async measure(run) {
    const { index } = await run.migrated("auto");
    const scanned = "auto-without-scalar-indexes";
    await run.migrate(scanned, { indexType: "auto", filterColumns: [] });
    const exactFile = await run.exactNeighbours(index, run.options.curveQueries, true);
    return {
      indexed: await measureFilter(run, index, exactFile),
      scanned: await measureFilter(run, scanned, exactFile),
    };
  },
  markdown({ indexed, scanned }) {
    return tableOf(
      ["auto, p50", "filtered", "unfiltered", "filtered / unfiltered", "recall@10 with the filter"],
      [row("with a scalar index, as by default", indexed), row("without, `filterColumns: []`", scanned)],
    );
  },
};

function measureFilter(run: BenchRun, index: string, exactFile: string): Promise<Filtered> {
  const input = { index, dimension: run.options.dimension, exactFile, batch: exactBatch };
  return run.step(`${index}: filter`, () => run.child<Filtered>("filter-child.ts", input));
}

function row(name: string, { filtered, unfiltered, recall }: Filtered): string[] {
  return [name, ms(filtered.p50), ms(unfiltered.p50), times(filtered.p50 / unfiltered.p50), share(recall)];
}
