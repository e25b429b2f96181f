import { link, mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { limits } from "../../lib/config/limits.ts";
import type { SearchDefaults } from "../../lib/domain/index-entry.ts";
import { indexFolder } from "../bench-lakehouse.ts";
import type { BenchRun } from "../bench-run.ts";
import { cache } from "../bench-set.ts";
import { medianOf } from "../percentiles.ts";
import { PylancePeer } from "../pylance-peer.ts";
import type { Build, Builds, BuildWay } from "../results.ts";
import { listed, type Section, seconds, share, tableOf, times } from "./section.ts";

const names: Record<BuildWay, string> = {
  defaults: "IVF_PQ, LanceDB's defaults",
  planned: "IVF_PQ, as planned",
  auto: "auto, as planned",
  equal: "IVF_PQ, LanceDB of Node",
  pylance: "IVF_PQ, pylance, equal parameters",
};

/** Builds of the same rows with other parameters, or by the peer in Python, in turn. */
export const builds: Section<"builds"> = {
  title: "Builds",
  async measure(run, keep) {
    const built: Builds = {};
    const builder = await Builder.start(run);
    for (let round = 0; round < run.options.builds; round++) {
      for (const way of turned(builder.ways, round)) {
        const one = built[way] ?? { builds: [], settings: builder.settings[way] };
        built[way] = one;
        one.builds.push(await run.step(`build ${round + 1}: ${way}`, () => builder.build(way)));
      }
      await keep(built);
    }
    return built;
  },
  markdown(built) {
    const base = medianMs(built, "defaults") ?? medianMs(built, "pylance");
    const rows = Object.entries(built).map(([way, { builds: all, settings }]) => [
      names[way as BuildWay],
      seconds(medianOf(all.map((one) => one.ms))),
      times(medianOf(all.map((one) => one.ms)) / (base ?? Number.NaN)),
      share(medianOf(all.map(({ recall }) => recall))),
      listed(settings),
      String(all.length),
    ]);
    const against = built.defaults ? "of the defaults" : "of pylance";
    return tableOf(["", "build, median", against, "recall@10", "searched with", "builds"], rows);
  },
};

/** Each is first as often as the others. */
const turned = <T>(all: T[], by: number) => all.map((_, i) => all[(i + by) % all.length] as T);

/** The median time of a way's builds. */
export function medianMs(built: Builds, way: BuildWay): number | undefined {
  const all = built[way]?.builds;
  return all && medianOf(all.map(({ ms }) => ms));
}

class Builder {
  readonly ways: BuildWay[];
  readonly settings: Record<BuildWay, SearchDefaults>;
  readonly #run: BenchRun;
  readonly #exactFile: string;
  readonly #peer: PylancePeer | undefined;

  private constructor(
    run: BenchRun,
    exactFile: string,
    settings: Record<BuildWay, SearchDefaults>,
    peer: PylancePeer | undefined,
  ) {
    this.ways = peer ? ["equal", "pylance"] : ["defaults", "planned", "auto"];
    this.settings = settings;
    this.#run = run;
    this.#exactFile = exactFile;
    this.#peer = peer;
  }

  /** Loads the table that every build gets a copy of. */
  static async start(run: BenchRun): Promise<Builder> {
    const planned = (await run.migrated("IVF_PQ")).migrated.searchDefaults;
    const auto = await run.migrated("auto");
    const exactFile = await run.exactNeighbours(auto.index, run.options.queries);
    const load = { index: loadedIndex, source: await run.source(), bucket: "primary", keep: true };
    await run.step("load", () => run.child("load-child.ts", load));
    const { refineFactor } = planned;
    const all = { nprobes: limits.maxNprobes, ...(refineFactor ? { refineFactor } : {}) };
    const settings = {
      defaults: all,
      planned: all,
      auto: auto.migrated.searchDefaults,
      equal: all,
      pylance: all,
    };
    return new Builder(run, exactFile, settings, await peerOf(run));
  }

  async build(way: BuildWay): Promise<Build> {
    const folder = join(cache, "builds", way);
    await rm(folder, { recursive: true, force: true });
    await linkedCopy(join(indexFolder(loadedIndex), table), join(folder, table));
    try {
      const built =
        way === "pylance" && this.#peer
          ? await this.#peer.build(join(folder, table), "cosine", this.#equal())
          : undefined;
      const input = { folder, way, ...this.#measured(way), built: built?.ms };
      return await this.#run.child<Build>("build-child.ts", input);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  #measured(way: BuildWay) {
    const { rows, dimension, curveQueries } = this.#run.options;
    const settings = this.settings[way];
    return {
      rows,
      dimension,
      queries: curveQueries,
      settings,
      exactFile: this.#exactFile,
      equal: this.#equal(),
    };
  }

  #equal() {
    const { rows, dimension } = this.#run.options;
    const numPartitions = Math.round(Math.sqrt(rows));
    return { numPartitions, numSubVectors: dimension / 16, numBits: 8, maxIterations: 10, sampleRate: 64 };
  }
}

const loadedIndex = "loaded";
const table = "g1.lance";
const peerOf = async (run: BenchRun) => (run.options.report === "pylance" ? PylancePeer.start() : undefined);

/** Files of Lance are never changed, so a build that is removed again leaves the original as it was. */
async function linkedCopy(from: string, to: string): Promise<void> {
  const entries = await readdir(from, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((one) => one.isFile())) {
    const source = join(entry.parentPath, entry.name);
    const target = join(to, relative(from, source));
    await mkdir(dirname(target), { recursive: true });
    await link(source, target);
  }
}
