import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import loadEnvironment from "../../deploy/load-environment.json" with { type: "json" };
import type { BenchRun } from "../bench-run.ts";
import { type Layout, layouts, setsFolder } from "../bench-set.ts";
import { type BundledScript, bundledScript } from "../bundled-script.ts";
import { runChild } from "../child.ts";
import { medianOf } from "../percentiles.ts";
import type { PylancePeer } from "../pylance-peer.ts";
import type { LayoutLoads, Load } from "../results.ts";
import { mebibytes, type Section, seconds, tableOf, times } from "./section.ts";

/**
 * The store and both ways share two cores, and who comes after whom matters: single times differ by half. An even number,
 * so that each is first as often as the other.
 */
const leastPeeredRounds = 10;

/**
 * Reading Parquet of every layout and writing it as a table, without an index, by the code as it is deployed; or the same
 * by the peer in Python. Neither's start is in it.
 */
export const migrate: Section<"migrate"> = {
  title: "Loading Parquet (plan, load, compact)",
  async measure(run, keep) {
    const peer = await run.peer();
    const loader = await bundledScript("load-child");
    const all: LayoutLoads[] = [];
    for (const layout of layouts) {
      const one: LayoutLoads = { layout, loads: [], ...(peer ? { pylance: [] } : {}) };
      all.push(one);
      await measureLayout(run, one, loader, peer);
      await keep(all);
    }
    return all;
  },
  markdown(all) {
    const peered = all.some(({ pylance }) => pylance);
    const header = ["layout", "plan", "load", "compact", "all", "peak RSS", ...(peered ? peerHeader : [])];
    return tableOf(header, all.map(rowOf));
  },
};

const peerHeader = ["pylance", "its peak RSS", "of pylance"];

function rowOf({ layout, loads, pylance }: LayoutLoads): string[] {
  const phase = (name: "plan" | "load" | "compact" | "total") =>
    seconds(medianOf(loads.map((one) => one[name])));
  const peak = (runs: { peakRssBytes: number }[]) =>
    mebibytes(Math.max(...runs.map(({ peakRssBytes }) => peakRssBytes)));
  const ours = [layout, phase("plan"), phase("load"), phase("compact"), phase("total"), peak(loads)];
  if (!pylance) return ours;
  const theirs = medianOf(pylance.map((one) => one.ms));
  return [
    ...ours,
    seconds(theirs),
    peak(pylance),
    times(ratioToPylance({ layout, loads, pylance }) ?? Number.NaN),
  ];
}

/** Of the medians. */
export function ratioToPylance({ loads, pylance }: LayoutLoads): number | undefined {
  if (!pylance) return undefined;
  return medianOf(loads.map(({ total }) => total)) / medianOf(pylance.map(({ ms }) => ms));
}

/** In turn, and each first as often as the other. */
async function measureLayout(
  run: BenchRun,
  one: LayoutLoads,
  loader: BundledScript,
  peer: PylancePeer | undefined,
): Promise<void> {
  const { layout, loads, pylance } = one;
  const { source, uri } = await sourceOf(run, layout);
  const rounds = peer ? Math.max(leastPeeredRounds, run.options.rounds) : run.options.rounds;
  for (let round = 0; round < rounds; round++) {
    const ours = async () => void loads.push(await load(run, loader, `${layout}-${round}`, source));
    const theirs = async () => {
      if (peer && pylance) pylance.push(await peer.migrate(uri, run.uriOf("peer"), layout));
    };
    const turns = round % 2 === 0 ? [ours, theirs] : [theirs, ours];
    await run.step(`load ${layout} ${round + 1}`, async () => {
      for (const turn of turns) {
        await settled();
        await turn();
      }
    });
  }
}

/** What was written before is on the disk: else it is flushed in the time of whoever comes next. */
const settled = () => promisify(execFile)("sync", { timeout: 60_000 });

/** The set as a migration is told of it, and as pylance is. */
async function sourceOf(run: BenchRun, layout: Layout): Promise<{ source: string; uri: string }> {
  const source = await run.source(layout);
  const set = source.slice("sets/".length);
  if (!run.store) return { source, uri: join(setsFolder, set) };
  return { source: await run.store.upload(set), uri: run.store.uriOf(`source/${set}`) };
}

function load(
  run: BenchRun,
  { path, environment }: BundledScript,
  name: string,
  source: string,
): Promise<Load> {
  const input = { index: `load-${name}`, source, bucket: run.bucket };
  return runChild(path, input, { ...run.environment, ...environment, ...loadEnvironment });
}
