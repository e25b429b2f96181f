import { storeBucket } from "../bench-lakehouse.ts";
import type { BenchRun } from "../bench-run.ts";
import type { Requests, StoreResult, StoreTimes } from "../results.ts";
import { listed, mebibytes, ms, type Section, seconds, tableOf, times } from "./section.ts";

const far = "auto-on-store";
const leastQueries = 200;

/** The same rows on the object store and in the local folder, from one container. */
export const store: Section<"store"> = {
  title: "On the object store",
  async measure(run) {
    const { rows, dimension, queries } = run.options;
    const { index: near, migrated } = await run.migrated("auto");
    const { bytesOnDisk, searchDefaults, unrefinedDefaults } = await run.migrate(far, {
      indexType: "auto",
      bucket: storeBucket,
    });
    const searchedWith = {
      local: migrated.searchDefaults,
      store: searchDefaults,
      beforeCopy: unrefinedDefaults ?? searchDefaults,
    };
    const input = { near, far, rows, dimension, queries };
    const measured = await run.step("searches on the store", () =>
      run.child<StoreTimes>("store-child.ts", input),
    );
    return { ...measured, searchedWith, bytes: bytesOnDisk, requests: await countRequests(run) };
  },
  markdown: tables,
};

async function countRequests(run: BenchRun): Promise<Requests> {
  const { dimension, queries } = run.options;
  const endpoint = run.store?.endpoint;
  const input = { index: far, dimension, queries: Math.max(leastQueries, queries), endpoint };
  return run.step("requests", () => run.child<Requests>("requests-child.ts", input));
}

function tables({ fromCold, searchedWith, ...measured }: StoreResult): string {
  const { local, store: remote, fetch, bytes, requests } = measured;
  const line = (label: string, a: number, b: number) => [label, ms(a), ms(b), times(b / a)];
  const warm = tableOf(
    ["auto", "local folder", "MinIO", "MinIO / local"],
    [
      line("search p50", local.p50, remote.p50),
      line("search p99", local.p99, remote.p99),
      line("fetch p50", fetch.local.p50, fetch.store.p50),
      line("fetch p99", fetch.local.p99, fetch.store.p99),
      ["searched with", listed(searchedWith.local), listed(searchedWith.store), ""],
    ],
  );
  const { cold, before, beforeP50, untilReplica } = fromCold;
  const rest = tableOf(
    ["MinIO", ""],
    [
      ["first search of a container", ms(cold)],
      ...(beforeP50 === undefined
        ? []
        : [[`then, before the copy is there: p50 of ${before}`, ms(beforeP50)]]),
      ["searched with until then", listed(searchedWith.beforeCopy)],
      ["until the copy is there", seconds(untilReplica)],
      [`requests of ${requests.queries} warm searches`, String(requests.ofQueries)],
      [`requests of looks for changes in ${requests.seconds.toFixed(0)} s`, String(requests.lookAheads)],
      ["bytes", mebibytes(bytes)],
    ],
  );
  return `${warm}\n\n${rest}`;
}
