import type { StoredVersions } from "../index/stored-versions.ts";
import type { AsOf } from "./freshness.ts";
import type { WarmIndexes } from "./reader.ts";

/** Indexes as they are, or as they were; what that takes is loaded where it is asked for. */
export async function indexesSeen(
  { indexes, versions }: { indexes: WarmIndexes; versions: StoredVersions },
  { asOf }: { asOf?: AsOf | undefined },
): Promise<WarmIndexes> {
  if (asOf === undefined) return indexes;
  const { indexesAsOf } = await import("./as-of.ts");
  return indexesAsOf(indexes, versions, asOf);
}
