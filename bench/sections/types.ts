import type { AskedIndexType } from "../../lib/domain/index/index-entry.ts";
import type { BenchRun } from "../bench-run.ts";
import { freshQueries } from "../bench-set.ts";
import type { Cold, CurvePoint, TypeResult, Warm } from "../results.ts";
import { listed, mebibytes, ms, type Section, seconds, share, tableOf } from "./section.ts";

/** Every type of index: its migration, its cold start, its warm searches, and recall against time. */
export const types: Section<"types"> = {
  title: "Types of index",
  async measure(run, keep) {
    const results: TypeResult[] = [];
    for (const type of run.options.types) {
      results.push(await measureType(run, type));
      await keep(results);
    }
    return results;
  },
  markdown(results) {
    const header = ["", ...results.map(({ type }) => type)];
    return tableOf(
      header,
      lines.map(([label, value]) => [label, ...results.map(value)]),
    );
  },
};

async function measureType(run: BenchRun, type: AskedIndexType): Promise<TypeResult> {
  const { rows, dimension, queries, curveQueries } = run.options;
  const { index, migrated } = await run.migrated(type);
  const exactFile = await run.exactNeighbours(index, queries);
  const vectors = (await freshQueries(2, dimension)).map((vector) => [...vector]);
  const child = <T>(what: string, script: string, input: object) =>
    run.step(`${type}: ${what}`, () => run.child<T>(script, { index, dimension, ...input }));
  return {
    type,
    migrated,
    cold: await child<Cold>("cold search", "cold-child.ts", { vectors }),
    warm: await child<Warm>("warm searches", "warm-child.ts", { rows, exactFile }),
    curve: await child<CurvePoint[]>("curve", "curve-child.ts", { queries: curveQueries, exactFile }),
  };
}

type Line = [label: string, value: (result: TypeResult) => string];

const lines: Line[] = [
  ["served as", ({ migrated }) => migrated.type],
  ["parameters", ({ migrated }) => listed(migrated.parameters)],
  ["search defaults found", ({ migrated }) => listed(migrated.searchDefaults)],
  ["recall@10 stated by the job", ({ migrated }) => share(migrated.recall)],
  ["**recall@10 on fresh queries**", ({ warm }) => share(warm.recall)],
  ["**search p50**", ({ warm }) => ms(warm.search.p50)],
  ["search p99", ({ warm }) => ms(warm.search.p99)],
  ["**fetch p50**", ({ warm }) => ms(warm.fetch.p50)],
  ["fetch p99", ({ warm }) => ms(warm.fetch.p99)],
  ["**handler over bare LanceDB, p50**", ({ warm }) => ms(warm.overhead.difference)],
  [
    "handler / use case / bare, p50",
    ({ warm: { overhead: o } }) => [o.handler, o.useCase, o.bare].map(ms).join(" / "),
  ],
  ["cold: node / import", ({ cold }) => `${ms(cold.node)} / ${ms(cold.import)}`],
  [
    "cold: first search (open / search)",
    ({ cold }) => `${ms(cold.first)} (${ms(cold.open)} / ${ms(cold.search)})`,
  ],
  ["cold: second search", ({ cold }) => ms(cold.second)],
  ["**load**", ({ migrated }) => `${loadRate(migrated)} rows/s`],
  ...["plan", "load", "compact", "build", "verify", "publish"].map(
    (phase): Line => [`phase ${phase}`, ({ migrated }) => seconds(migrated.phases[phase] ?? Number.NaN)],
  ),
  ["job, peak RSS", ({ migrated }) => mebibytes(migrated.peakRssBytes)],
  ["bytes on disk", ({ migrated }) => mebibytes(migrated.bytesOnDisk)],
];

function loadRate({ rows, phases }: TypeResult["migrated"]): number {
  return Math.round((rows / (phases["load"] ?? Number.NaN)) * 1_000);
}
