import { medianOf } from "./percentiles.ts";
import { qualityTargets } from "./quality-targets.ts";
import type { LayoutLoads, TypeResult } from "./results.ts";
import { medianMs } from "./sections/builds.ts";
import { coldRatio } from "./sections/cold.ts";
import { upsertRatio } from "./sections/documents.ts";
import { ratioToPylance } from "./sections/migrate.ts";
import { gigabytes, mebibytes, ms, share, times } from "./sections/section.ts";
import { sparseTargets } from "./sparse-targets.ts";
import type { Sections, Target } from "./target.ts";
import { textTargets } from "./text-targets.ts";

const leastRecall = { least: 0.95 };
const plain = String;

const autoOf = ({ types }: Sections): TypeResult | undefined =>
  types?.figures.find(({ type }) => type === "auto");

function leastOfTypes({ types }: Sections): number | undefined {
  return types && Math.min(...types.figures.map(({ warm }) => warm.recall));
}

const layoutOf = ({ migrate }: Sections, layout: string): LayoutLoads | undefined =>
  migrate?.figures.find((one) => one.layout === layout);
const ratio = (a: number | undefined, b: number | undefined) =>
  a === undefined || b === undefined ? undefined : a / b;

function peakOfLoads({ migrate }: Sections): number | undefined {
  const peaks = migrate?.figures.flatMap(({ loads }) => loads.map(({ peakRssBytes }) => peakRssBytes));
  return peaks?.length ? Math.max(...peaks) : undefined;
}

function buildRatio({ builds }: Sections, way: "planned" | "auto"): number | undefined {
  return builds && ratio(medianMs(builds.figures, way), medianMs(builds.figures, "defaults"));
}

function buildRecall({ builds }: Sections, way: "defaults" | "planned" | "auto"): number | undefined {
  const built = builds?.figures[way]?.builds;
  return built && medianOf(built.map(({ recall }) => recall));
}

function recallGain(sections: Sections): number | undefined {
  const [planned, defaults] = [buildRecall(sections, "planned"), buildRecall(sections, "defaults")];
  return planned === undefined || defaults === undefined ? undefined : planned - defaults;
}

const writersOf = ({ documents }: Sections, count: number) =>
  documents?.figures.together.find(({ writers }) => writers === count);

/** The same in a folder and on the store. */
const documents: Omit<Target, "report">[] = [
  {
    name: "upsert of 1,000 documents less one conditional write, of bare LanceDB's",
    bound: { most: 1.25 },
    shown: times,
    measured: (sections) => sections.documents && upsertRatio(sections.documents.figures),
  },
  ...[1, 8].map((count) => ({
    name: `rows a second, writers: ${count}, of bare LanceDB's`,
    bound: { least: 0.8 },
    shown: times,
    measured: (sections: Sections) => {
      const { ours, bare } = writersOf(sections, count) ?? {};
      return ratio(ours?.rowsPerSecond, bare?.rowsPerSecond);
    },
  })),
  {
    name: "documents that the first strong search finds",
    bound: { least: 1 },
    shown: share,
    measured: ({ documents: measured }) => {
      const found = measured?.figures.strong;
      return found && found.filter(({ isFound }) => isFound).length / found.length;
    },
  },
];

const local: Omit<Target, "report">[] = [
  {
    name: "auto: recall@10 on fresh queries",
    bound: leastRecall,
    shown: share,
    measured: (sections) => autoOf(sections)?.warm.recall,
  },
  {
    name: "each type: least recall@10 on fresh queries",
    bound: leastRecall,
    shown: share,
    measured: leastOfTypes,
  },
  {
    name: "auto: warm search p50",
    bound: { most: 4.5 },
    shown: ms,
    measured: (sections) => autoOf(sections)?.warm.search.p50,
  },
  {
    name: "auto: warm search p99",
    bound: { most: 10 },
    shown: ms,
    measured: (sections) => autoOf(sections)?.warm.search.p99,
  },
  {
    name: "handler over bare LanceDB, p50",
    bound: { most: 1.5 },
    shown: ms,
    measured: (sections) => autoOf(sections)?.warm.overhead.difference,
  },
  {
    name: "auto: bytes on disk",
    bound: { most: 400 * 2 ** 20 },
    shown: mebibytes,
    measured: (sections) => autoOf(sections)?.migrated.bytesOnDisk,
  },
  {
    name: "throughput, of bare LanceDB's",
    bound: { least: 0.9 },
    shown: times,
    measured: ({ peers }) => peers?.figures.throughput.ratio,
  },
  {
    name: "filter that 1 % match: recall@10",
    bound: leastRecall,
    shown: share,
    measured: ({ filter }) => filter?.figures.indexed.recall,
  },
  {
    name: "filter that 1 % match: p50, of the unfiltered's",
    bound: { most: 2 },
    shown: times,
    measured: ({ filter }) =>
      ratio(filter?.figures.indexed.filtered.p50, filter?.figures.indexed.unfiltered.p50),
  },
  {
    name: "IVF_PQ as planned: build, of the defaults' time",
    bound: { most: 0.3 },
    shown: times,
    measured: (sections) => buildRatio(sections, "planned"),
  },
  {
    name: "IVF_PQ as planned: recall@10 less the defaults'",
    bound: { least: 0 },
    shown: share,
    measured: recallGain,
  },
  {
    name: "auto: build, of the defaults' time",
    bound: { most: 0.15 },
    shown: times,
    measured: (sections) => buildRatio(sections, "auto"),
  },
  {
    name: "auto: recall@10 of the builds, by its stored defaults",
    bound: leastRecall,
    shown: share,
    measured: (sections) => buildRecall(sections, "auto"),
  },
  { name: "load: peak RSS", bound: { most: 1e9 }, shown: gigabytes, measured: peakOfLoads },
  ...documents,
];

const stack: Omit<Target, "report">[] = [
  {
    name: "warm search p50, of the local folder's",
    bound: { most: 1.3 },
    shown: times,
    measured: ({ store }) => ratio(store?.figures.store.p50, store?.figures.local.p50),
  },
  {
    name: "warm search p99, of its p50",
    bound: { most: 4 },
    shown: times,
    measured: ({ store }) => ratio(store?.figures.store.p99, store?.figures.store.p50),
  },
  {
    name: "requests of a warm search",
    bound: { most: 0 },
    shown: plain,
    measured: ({ store }) => ratio(store?.figures.requests.ofQueries, store?.figures.requests.queries),
  },
  {
    name: "search p50 before the copy is there",
    bound: { most: 20 },
    shown: ms,
    measured: ({ store }) => store?.figures.fromCold.beforeP50,
  },
  {
    name: "cold start, of bare LanceDB's",
    bound: { most: 0.8 },
    shown: times,
    measured: ({ cold }) => cold && coldRatio(cold.figures),
  },
  {
    name: "fetch p50",
    bound: { most: 3 },
    shown: ms,
    measured: ({ store }) => store?.figures.fetch.store.p50,
  },
  {
    name: "bytes on the store",
    bound: { most: 400 * 2 ** 20 },
    shown: mebibytes,
    measured: ({ store }) => store?.figures.bytes,
  },
  { name: "load: peak RSS", bound: { most: 1e9 }, shown: gigabytes, measured: peakOfLoads },
  ...documents,
];

const pylance: Omit<Target, "report">[] = ["fixed_size_list", "list", "binary"].map((layout) => ({
  name: `load of ${layout}, of pylance's time`,
  bound: { most: 1 },
  shown: times,
  measured: (sections) => {
    const loads = layoutOf(sections, layout);
    return loads && ratioToPylance(loads);
  },
}));

/** Every target, with the report its figure is in. */
export const targets: Target[] = [
  ...qualityTargets.map((target) => ({ ...target, report: "quality" as const })),
  ...textTargets.map((target) => ({ ...target, report: "text" as const })),
  ...sparseTargets.map((target) => ({ ...target, report: "s3-like" as const })),
  ...local.map((target) => ({ ...target, report: "local" as const })),
  ...stack.map((target) => ({ ...target, report: "stack" as const })),
  ...pylance.map((target) => ({ ...target, report: "pylance" as const })),
  ...pylance.map((target) => ({ ...target, report: "pylance-stack" as const })),
];

/** Whether a figure is what it should be. */
export function isMet({ bound }: Pick<Target, "bound">, value: number): boolean {
  return "most" in bound ? value <= bound.most : value >= bound.least;
}
