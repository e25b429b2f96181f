import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { medianOf } from "./percentiles.ts";
import type { BenchResult, Builds, CurvePoint, Grown, SectionName, TypeResult } from "./results.ts";
import { medianOver } from "./sections/sparse.ts";
import type { SparseSize } from "./sparse-results.ts";

export interface Plot {
  section: SectionName;
  file: string;
  title: string;
  svg: string;
}

const leastRecallShown = 0.7;

/** A plot of each section that has one. */
export async function plotsOf({ sections, report }: BenchResult): Promise<Plot[]> {
  if (report !== "local" && report !== "s3-like") return [];
  const { types, builds, growth, sparse } = sections;
  const wanted: (Omit<Plot, "svg"> & { spec: object })[] = [];
  if (types) wanted.push({ section: "types", file: "recall-latency.svg", ...recallPlot(types.figures) });
  if (builds) wanted.push({ section: "builds", file: "build-recall.svg", ...buildPlot(builds.figures) });
  if (growth) wanted.push({ section: "growth", file: "latency-rows.svg", ...growthPlot(growth.figures) });
  if (sparse) wanted.push({ section: "sparse", file: "sparse-rows.svg", ...sparsePlot(sparse.figures) });
  return Promise.all(
    wanted.map(async ({ spec, ...plot }) => ({ ...plot, svg: await svgOf(plot.title, spec) })),
  );
}

function recallPlot(types: TypeResult[]) {
  const drawn = types.filter(({ type }) => type !== "auto" || types.length === 1);
  const values = drawn.flatMap(({ type, curve }) =>
    frontier(curve)
      .filter(({ recall }) => recall >= leastRecallShown)
      .map(({ recall, p50 }) => ({ type, recall, ms: p50 })),
  );
  const axes = {
    x: {
      field: "ms",
      type: "quantitative",
      scale: { type: "log", nice: false, padding: 12 },
      title: "search p50, ms",
    },
    y: { field: "recall", type: "quantitative", scale: { zero: false }, title: "recall@10" },
    color: { field: "type", type: "nominal", title: null },
  };
  const spec = { data: { values }, mark: { type: "line", point: true }, encoding: axes };
  return { title: "Recall against latency, the best settings of each type", spec };
}

function sparsePlot(sizes: SparseSize[]) {
  const values = sizes.flatMap((size) => [
    { search: "first", rows: size.rows, ms: medianOver(size, ({ first }) => first.ms) },
    { search: "first, bare LanceDB", rows: size.rows, ms: medianOf(size.bare) },
    { search: "second", rows: size.rows, ms: medianOver(size, ({ second }) => second.ms) },
    { search: "until the replica", rows: size.rows, ms: medianOver(size, ({ before }) => before.p50) },
    { search: "then", rows: size.rows, ms: medianOver(size, ({ warm }) => warm.ms) },
  ]);
  const log = { type: "log", nice: false, padding: 12 };
  const encoding = {
    x: { field: "rows", type: "quantitative", scale: log },
    y: { field: "ms", type: "quantitative", scale: log, title: "ms" },
    color: { field: "search", type: "nominal", title: null, sort: null },
  };
  const spec = { data: { values }, mark: { type: "line", point: true }, encoding };
  return { title: "Searches of a container that is frozen in between, by rows", spec };
}

/** The settings that no other beats in both. */
function frontier(curve: CurvePoint[]): CurvePoint[] {
  let best = 0;
  return curve
    .toSorted((a, b) => a.p50 - b.p50)
    .filter(({ recall }) => {
      const better = recall > best;
      best = Math.max(best, recall);
      return better;
    });
}

function buildPlot(builds: Builds) {
  const values = Object.entries(builds).map(([way, { builds: all }]) => ({
    way,
    seconds: medianOf(all.map(({ ms }) => ms)) / 1_000,
    recall: medianOf(all.map(({ recall }) => recall)),
  }));
  const x = {
    field: "seconds",
    type: "quantitative",
    scale: { type: "log", nice: false, padding: 40 },
    title: "build, s",
  };
  const y = {
    field: "recall",
    type: "quantitative",
    scale: { zero: false, padding: 20 },
    title: "recall@10",
  };
  const layer = [
    { mark: { type: "point", filled: true, size: 80 }, encoding: { x, y } },
    { mark: { type: "text", dy: -10 }, encoding: { x, y, text: { field: "way" } } },
  ];
  return { title: "Build time against recall", spec: { data: { values }, layer } };
}

function growthPlot(sizes: Grown[]) {
  const values = sizes.flatMap(({ rows, search, fetch }) => [
    { rows, what: "search", ms: search.p50 },
    { rows, what: "fetch", ms: fetch.p50 },
  ]);
  const encoding = {
    x: {
      field: "rows",
      type: "quantitative",
      scale: { type: "log", nice: false, padding: 12 },
      title: "rows",
      axis: { format: "~s" },
    },
    y: { field: "ms", type: "quantitative", title: "p50, ms" },
    color: { field: "what", type: "nominal", title: null },
  };
  return {
    title: "Latency against rows",
    spec: { data: { values }, mark: { type: "line", point: true }, encoding },
  };
}

/** On white, so that it can be read on a dark page. */
async function svgOf(title: string, spec: object): Promise<string> {
  const common = { width: 520, height: 260, background: "white", padding: 12, title };
  const compiled = compile({ ...common, ...spec } as TopLevelSpec);
  return new View(parse(compiled.spec), { renderer: "none" }).toSVG();
}
