import { limits } from "../../config/limits.ts";
import type { VectorIndexState } from "../index/generations.ts";
import type { AskedIndex, Publication } from "../index/index-entry.ts";
import type { IndexUpkeep } from "../jobs/plan.ts";
import type { IndexPlan } from "./plan-index.ts";

/**
 * The rule of an optimization. LanceDB's `optimize()` takes rows that are not indexed into the partitions and codes of
 * the index, as a part of its own. That is right while partitions are large, the new rows few and the parts not many;
 * small partitions it joins to a handful, however many were built (bench/NOTES.md), so there the index is built again.
 * @param rows of the whole table
 * @param built the vector index as it stands; null when there is none
 */
export function planUpkeep(
  { indexType, indexParameters }: Pick<Publication, "indexType" | "indexParameters">,
  rows: number,
  built: VectorIndexState | null,
): IndexUpkeep {
  const rebuild = (why: string): IndexUpkeep => ({ way: "rebuild", why });
  if (indexType === "EXACT") return rebuild("rows were compared one by one");
  if (!built) return rebuild("the vector index was gone");
  const { unindexedRows, parts, partitions } = built;
  const planned = indexParameters.numPartitions ?? 1;
  if (partitions !== null && 2 * partitions < planned)
    return rebuild(`LanceDB's optimize had joined ${planned} partitions to ${partitions}`);
  if (unindexedRows === 0) return { way: "keep", why: `all ${rows} rows were indexed` };
  const found = `${unindexedRows} of ${rows} rows were not indexed`;
  if (2 * unindexedRows > rows) return rebuild(`${found}: too many for what was learned from the others`);
  if (parts >= limits.maxIndexParts) return rebuild(`${found}, and it had ${parts} parts already`);
  const each = Math.round((rows - unindexedRows) / planned);
  if (indexType !== "HNSW_SQ" && each < limits.minFoldPartitionRows)
    return rebuild(`${found}, and LanceDB's optimize joins partitions of ${each} rows`);
  return { way: "fold", why: `${found}, and became part ${parts + 1} of the index` };
}

/** What to plan an index with that is built again: as it was asked for. Entries of old say only what was built. */
export function askedOf({ asked, indexType, indexParameters }: Publication): AskedIndex {
  if (asked) return asked;
  const { numPartitions: _, ...kept } = indexParameters; // for another number of rows
  return {
    indexType: indexType === "EXACT" ? "auto" : indexType,
    indexParameters: kept,
    filterColumns: [],
  };
}

/** The published index as a plan, its last optimization's reason replaced. */
export function keptIndex({ indexType, indexParameters, reasons }: Publication): IndexPlan {
  return {
    type: indexType,
    parameters: indexParameters,
    reasons: reasons.filter((reason) => !reason.startsWith(mark)),
  };
}

/** The plan with the reason of what the optimization did. */
export function withReason(plan: IndexPlan, done: string): IndexPlan {
  return { ...plan, reasons: [...plan.reasons, mark + done] };
}

const mark = "optimize: ";
