import type { BenchResult, TypeResult } from "./results.ts";

type Line = [label: string, value: (result: TypeResult) => string];

const ms = (value: number | undefined) => (value === undefined ? "–" : `${value.toFixed(1)} ms`);
const seconds = (value: number | undefined) =>
  value === undefined ? "–" : `${(value / 1_000).toFixed(1)} s`;
const mebibytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
const listed = (values: object) =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");

const lines: Line[] = [
  ["parameters", ({ migrated }) => listed(migrated.parameters)],
  ["search defaults found", ({ migrated }) => listed(migrated.searchDefaults)],
  ["recall@10 stated by the job", ({ migrated }) => migrated.recall.toFixed(3)],
  ["**recall@10 on fresh queries**", ({ warm }) => warm.recall.toFixed(3)],
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
  [
    "**load**",
    ({ migrated: { rows, phases } }) => `${Math.round((rows / (phases["load"] ?? 1)) * 1_000)} rows/s`,
  ],
  ...["plan", "load", "compact", "build", "verify", "publish"].map(
    (phase): Line => [`phase ${phase}`, ({ migrated }) => seconds(migrated.phases[phase])],
  ),
  ["job, peak RSS", ({ migrated }) => mebibytes(migrated.peakRssBytes)],
  ["bytes on disk", ({ migrated }) => mebibytes(migrated.bytesOnDisk)],
];

/** One Markdown table: a column a type of index. */
export function markdownReport({ machine, set, types }: BenchResult): string {
  const header = ["", ...types.map(({ type }) => type)];
  const rule = header.map((_, i) => (i === 0 ? "---" : "---:"));
  const body = lines.map(([label, value]) => [label, ...types.map(value)]);
  const row = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [
    `${set.rows} × ${set.dimension} (${set.layout}), cosine, k 10, local folder, ${set.queries} queries that are not rows.`,
    `${listed(machine)}.`,
    "",
    ...[header, rule, ...body].map(row),
    "",
  ].join("\n");
}
