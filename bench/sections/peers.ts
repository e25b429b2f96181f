import { medianOf } from "../percentiles.ts";
import type { Peers } from "../results.ts";
import { ms, type Section, tableOf, times } from "./section.ts";

/** What the handler costs over LanceDB alone, one search at a time and many. */
export const peers: Section<"peers"> = {
  title: "The handler against LanceDB alone",
  async measure(run) {
    const { dimension, queries, rounds, roundQueries } = run.options;
    const { index } = await run.migrated("auto");
    const input = { index, dimension, queries, rounds, roundQueries };
    return run.step("peers", () => run.child<Peers>("peers-child.ts", input));
  },
  markdown({ handler, bare, throughput }) {
    const rate = (rates: number[]) => `${Math.round(medianOf(rates))}/s`;
    const together = `${throughput.workers} searches at a time, median of ${throughput.handler.length} rounds`;
    return tableOf(
      ["auto", "handler", "bare LanceDB", "handler / bare"],
      [
        ["search p50", ms(handler.p50), ms(bare.p50), times(handler.p50 / bare.p50)],
        ["search p99", ms(handler.p99), ms(bare.p99), times(handler.p99 / bare.p99)],
        [together, rate(throughput.handler), rate(throughput.bare), times(throughput.ratio)],
      ],
    );
  },
};
