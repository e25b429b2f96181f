import { connect, Index, type Table } from "@lancedb/lancedb";
import type { IndexParameters, IndexType, SearchDefaults } from "../lib/domain/index/index-entry.ts";
import { planIndex } from "../lib/domain/plan/plan-index.ts";
import { bareSearch } from "./bare-search.ts";
import { freshQueries } from "./bench-set.ts";
import { answerParent } from "./child.ts";
import { meanRecall, readExact } from "./exact-file.ts";
import { timed } from "./percentiles.ts";
import type { Build, BuildWay } from "./results.ts";

interface Input {
  /** A database with the table g1. */
  uri: string;
  storageOptions: Record<string, string>;
  way: BuildWay;
  rows: number;
  dimension: number;
  queries: number;
  exactFile: string;
  settings: SearchDefaults;
  equal: IndexParameters;
  /** Milliseconds, where somebody else has built it already. */
  built?: number;
}

const distanceType = "cosine";

/** One build of the vector index, timed, and what it finds. */
async function build(input: Input): Promise<Build> {
  const table = await (await connect(input.uri, { storageOptions: input.storageOptions })).openTable("g1");
  const ms = input.built ?? (await buildOn(table, configOf(input)));
  return { ms, recall: await recallWith(table, input) };
}

async function buildOn(table: Table, config: Index): Promise<number> {
  return (await timed(() => table.createIndex("vector", { config, replace: true }))).ms;
}

function configOf({ way, rows, dimension, equal }: Input): Index {
  if (way === "defaults") return Index.ivfPq({ distanceType });
  if (way === "equal") return Index.ivfPq({ distanceType, ...equal });
  const type = way === "auto" ? "auto" : "IVF_PQ";
  const plan = planIndex({ type, rows, dimension, asked: {} });
  if (plan.type === "EXACT") throw new Error(`${rows} rows are too few for an index`);
  return plannedConfig[plan.type](plan.parameters);
}

const plannedConfig: Record<IndexType, (parameters: IndexParameters) => Index> = {
  IVF_PQ: (parameters) => Index.ivfPq({ distanceType, ...parameters }),
  IVF_RQ: (parameters) => Index.ivfRq({ distanceType, ...parameters }),
  IVF_FLAT: (parameters) => Index.ivfFlat({ distanceType, ...parameters }),
  HNSW_SQ: (parameters) => Index.hnswSq({ distanceType, ...parameters }),
};

async function recallWith(table: Table, { queries, dimension, exactFile, settings }: Input): Promise<number> {
  const exact = (await readExact(exactFile)).slice(0, queries);
  const found: string[][] = [];
  for (const vector of await freshQueries(exact.length, dimension)) {
    const hits = await bareSearch(table, vector, { metric: distanceType, searchDefaults: settings });
    found.push(hits.map(({ doc_id }) => doc_id));
  }
  return meanRecall(exact, found);
}

await answerParent(build);
