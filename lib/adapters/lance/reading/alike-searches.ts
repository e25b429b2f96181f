import { availableParallelism } from "node:os";
import type { VectorQuery } from "@lancedb/lancedb";
import type { Table as ArrowTable } from "apache-arrow";
import { limits } from "../../../config/limits.ts";
import { inGroups } from "../../../domain/in-groups.ts";
import type { AlikeQueries, Query } from "../../../domain/search/reader.ts";
import type { Hit } from "../../../domain/search/search-response.ts";
import { type NearestRows, nearestIn } from "../rows/hits.ts";
import type { TableSource } from "./table-queries.ts";
import type { TwoPhaseSearch } from "./two-phase-search.ts";

type Rows = NearestRows["rows"];

/**
 * The nearest to each of some vectors: LanceDB plans once for many of them, which takes longer than to search for one,
 * and what is in the rows that they find is read once. As many of its plans are under way as there are cores.
 * @returns undefined when the table moved on meanwhile
 */
export async function alikeHits(
  { followed, queries }: TableSource,
  phases: TwoPhaseSearch,
  asked: AlikeQueries,
): Promise<Hit[][] | undefined> {
  const [first] = asked;
  const ends = performance.now() + first.timeoutMs;
  const left = () => ({ ...first, timeoutMs: ends - performance.now() });
  const { version } = followed;
  const near = await nearestToEach(asked, (query) => queries.nearest(query, ["_rowid"]));
  const few = asked.flatMap((_, i) => ((near[i]?.length ?? 0) < first.k ? [i] : []));
  if (first.settings.nprobes !== undefined && few.length > 0) {
    const again = few.map((i) => asked[i] as Query);
    const wider = await nearestToEach(again, (query) => queries.nearest(query, ["_rowid"]).maximumNprobes(0));
    for (const [place, i] of few.entries()) near[i] = wider[place] ?? [];
  }
  if (!(await followed.isStillAt(version))) return undefined;
  if (near.every(({ length }) => length === 0)) return near.map(() => []);
  return phases.hitsOfEach(version, near, left());

  async function nearestToEach(all: Query[], plan: (query: Query) => VectorQuery): Promise<Rows[]> {
    const cores = availableParallelism();
    const atATime = Math.min(Math.ceil(all.length / cores), mostOf(first));
    const parts = Array.from({ length: Math.ceil(all.length / atATime) }, (_, i) =>
      all.slice(i * atATime, (i + 1) * atATime),
    );
    const found = await inGroups(parts, cores, async ([one, ...more]) => {
      const search = more.reduce((query, { vector }) => query.addQueryVector(vector), plan(one as Query));
      return rowsOfEach(await queries.run(search, left()), more.length + 1);
    });
    return found.flat();
  }
}

/** So many that the vectors of all candidates, which are read to refine, stay few. */
const mostOf = ({ k, settings }: Query) =>
  Math.max(1, Math.floor(limits.refinedCandidates / (k * (settings.refineFactor ?? 1))));

function rowsOfEach(found: ArrowTable, count: number): Rows[] {
  const rows = nearestIn(found);
  const numbers = found.getChild("query_index"); // not there for one
  const each: Rows[] = Array.from({ length: count }, () => []);
  for (const [i, row] of rows.entries()) each[Number(numbers?.get(i) ?? 0)]?.push(row);
  return each;
}
