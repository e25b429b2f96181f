import { limits } from "../../../config/limits.ts";
import type { Metric, Publication } from "../../../domain/index/index-entry.ts";
import { isCoded } from "../../../domain/search/defaults-at-k.ts";
import { type DistanceRange, isWithin } from "../../../domain/search/distance-range.ts";
import type { Query } from "../../../domain/search/reader.ts";
import { distanceWithin, type NearestRows, nearestIn } from "../rows/hits.ts";
import type { TableQueries } from "./table-queries.ts";

type Row = NearestRows["rows"][number];

/** How wide one search of several is. */
interface Round {
  candidates: number;
  /** Every partition, and as many candidates, compared by their vectors. */
  isWide: boolean;
}

/**
 * The k nearest in a range of distances. LanceDB's own range is one of codes' distances, by which rows are lost and others
 * come in: so candidates are compared by their vectors and cut here, and more of them are searched for while these may be
 * too few. Past `limits.rangeCandidates` nearer ones every row is compared.
 */
export async function nearestInRange(
  queries: TableQueries,
  published: Publication,
  query: Query,
  range: DistanceRange,
): Promise<Row[]> {
  const ends = performance.now() + query.timeoutMs;
  const left = () => ({ ...query, timeoutMs: ends - performance.now() });
  const inRange = (rows: Row[]) =>
    rows.filter(({ distance }) => isWithin(range, distanceWithin(published.metric, distance)));
  if (query.isExact || published.indexType === "EXACT") return inRange(await exactly(left()));
  for (const round of rounds(query.k)) {
    const rows = await roughly(left(), round);
    const inside = inRange(rows);
    if (inside.length >= query.k) return inside.slice(0, query.k);
    const isAll = rows.length < round.candidates || isPast(rows, range);
    if (round.isWide && isAll) return inside;
  }
  return inRange(await exactly({ ...left(), isExact: true }));

  async function exactly(asked: Query): Promise<Row[]> {
    const search = queries.nearest(asked, ["_rowid"]);
    const lower = lowerBound(range, published.metric);
    return nearestIn(await queries.run(lower === undefined ? search : search.distanceRange(lower), asked));
  }

  async function roughly(asked: Query, { candidates, isWide }: Round): Promise<Row[]> {
    if (!isWide) return nearestIn(await queries.run(queries.nearest(asked, ["_rowid"]), asked));
    const settings = { nprobes: 1, ...(isCoded(published.indexType) ? { refineFactor: 1 } : {}) };
    const wide = queries.nearest({ ...asked, k: candidates, settings }, ["_rowid"]).maximumNprobes(0);
    return nearestIn(
      await queries.run(published.indexType === "HNSW_SQ" ? wide.ef(candidates) : wide, asked),
    );
  }
}

function rounds(k: number): Round[] {
  const widest = Math.max(k, limits.rangeCandidates);
  const wider = Math.min(widest, Math.max(10 * k, limits.leastRangeCandidates));
  const wide = [...new Set([wider, widest])].map((candidates) => ({ candidates, isWide: true }));
  return [{ candidates: k, isWide: false }, ...wide];
}

/** Whether the furthest is beyond the range. */
const isPast = (rows: Row[], { max = Number.POSITIVE_INFINITY }: DistanceRange) =>
  (rows.at(-1)?.distance ?? 0) >= max;

/** The least float32 that is in the range: LanceDB compares by these. None where no distance is below it. */
function lowerBound({ min }: DistanceRange, metric: Metric): number | undefined {
  if (min === undefined || (min <= 0 && metric !== "dot")) return undefined;
  const rounded = Math.fround(min);
  return rounded >= min ? rounded : nextFloat(rounded);
}

function nextFloat(value: number): number {
  if (value === 0) return 2 ** -149;
  const floats = Float32Array.of(value);
  const bits = new Int32Array(floats.buffer);
  bits[0] = (bits[0] ?? 0) + (value > 0 ? 1 : -1);
  return floats[0] ?? value;
}
