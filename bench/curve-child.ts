import type { Publication, SearchDefaults } from "../lib/domain/index/index-entry.ts";
import { bareSearch, bareTable } from "./bare-search.ts";
import { freshQueries } from "./bench-set.ts";
import { answerParent } from "./child.ts";
import { meanRecall, readExact } from "./exact-file.ts";
import { timesOf } from "./percentiles.ts";
import type { CurvePoint } from "./results.ts";
import { inTurn, msOf } from "./turns.ts";

const probedShares = [0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.6, 1];
const efs = [16, 32, 64, 128, 256, 512];
const refineFactors = [1, 2, 4, 8];

interface Input {
  index: string;
  dimension: number;
  queries: number;
  exactFile: string;
}

/** Recall and time over a ladder of settings, every query with each of them in turn. */
async function curve({ index, dimension, queries, exactFile }: Input): Promise<CurvePoint[]> {
  const { table, published } = await bareTable(index);
  const exact = (await readExact(exactFile)).slice(0, queries);
  const vectors = await freshQueries(exact.length, dimension);
  const settings = ladder(published);
  const search = (one: SearchDefaults) => (i: number) =>
    bareSearch(table, vectors[i] as Float32Array, published, one);
  const ways = Object.fromEntries(settings.map((one, i) => [`s${i}`, search(one)]));
  await inTurn(ways, Math.min(5, vectors.length));
  const times = await inTurn(ways, vectors.length);
  return settings.map((one, i) => {
    const timings = times[`s${i}`] ?? [];
    const found = timings.map(({ result }) => result.map(({ doc_id }) => doc_id));
    return { settings: one, recall: meanRecall(exact, found), p50: timesOf(msOf(timings)).p50 };
  });
}

function ladder({ indexType, indexParameters }: Publication): SearchDefaults[] {
  if (indexType === "EXACT") return [{}];
  const partitions = indexParameters.numPartitions ?? 1;
  const probes = [...new Set(probedShares.map((share) => Math.max(1, Math.round(share * partitions))))];
  const hnsw = indexType === "HNSW_SQ";
  const widths = hnsw ? efs : probes;
  const factors = indexType === "IVF_FLAT" ? [1] : refineFactors; // distances are exact already
  return factors.flatMap((refineFactor) => {
    const refine = refineFactor === 1 ? {} : { refineFactor };
    const able = hnsw ? widths.filter((ef) => ef >= 10 * refineFactor) : widths;
    return able.map((width) => ({ ...(hnsw ? { ef: width } : { nprobes: width }), ...refine }));
  });
}

await answerParent(curve);
