import { limits } from "../../lib/config/limits.ts";
import type { SearchDefaults } from "../../lib/domain/index/index-entry.ts";
import type { BenchRun } from "../bench-run.ts";
import { medianOf } from "../percentiles.ts";
import type { PylancePeer } from "../pylance-peer.ts";
import type { Build, Builds, BuildWay } from "../results.ts";
import { withTableCopy } from "../table-copy.ts";
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
    const load = { index: loadedIndex, source: await run.source(), bucket: run.bucket, keep: true };
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
    return new Builder(run, exactFile, settings, await run.peer());
  }

  async build(way: BuildWay): Promise<Build> {
    return withTableCopy(this.#run, loadedIndex, async (uri) => {
      const theirs =
        way === "pylance" ? await this.#peer?.build(`${uri}/g1.lance`, "cosine", this.#equal()) : undefined;
      const storageOptions = this.#run.store?.storageOptions ?? {};
      const input = { uri, storageOptions, way, ...this.#measured(way), built: theirs?.ms };
      return this.#run.child<Build>("build-child.ts", input);
    });
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
