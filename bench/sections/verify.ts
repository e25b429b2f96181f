import { limits } from "../../lib/config/limits.ts";
import { medianOf } from "../percentiles.ts";
import type { Verification, Verifications } from "../results.ts";
import { listed, type Section, seconds, share, tableOf } from "./section.ts";

/** How long the phase `verify` takes, by each type, repeated on one index, as little else runs at the same time. */
export const verify: Section<"verify"> = {
  title: "Measuring recall",
  async measure(run, keep) {
    const results: Verifications = [];
    for (const type of run.options.types) {
      const { index } = await run.migrated(type);
      const rounds: Verification[] = [];
      const input = { index, targetRecall: limits.defaultTargetRecall };
      for (let round = 1; round <= run.options.rounds; round++)
        rounds.push(await run.step(`${type}: verify ${round}`, () => run.child("verify-child.ts", input)));
      results.push({ type, rounds });
      await keep(results);
    }
    return results;
  },
  markdown(results) {
    const header = ["type", "verify, median", "processor time", "queries", "recall@10", "defaults found"];
    return tableOf(
      header,
      results.map(({ type, rounds }) => {
        const of = (value: (one: Verification) => number) => medianOf(rounds.map(value));
        const { queries = 0, searchDefaults = {} } = rounds.at(-1) ?? {};
        return [
          type,
          seconds(of(({ ms }) => ms)),
          seconds(of(({ cpuMs }) => cpuMs)),
          String(queries),
          share(of(({ recall }) => recall)),
          listed(searchDefaults),
        ];
      }),
    );
  },
};
