import { limits } from "../../config/limits.ts";
import type { Publication, SearchDefaults } from "../index/index-entry.ts";
import { isFiltered } from "./asked-query.ts";
import { defaultsAt, isCoded } from "./defaults-at-k.ts";
import type { Lease } from "./reader.ts";
import type { SearchRequest } from "./search-request.ts";

/** How wide is searched: as the request says, else by the defaults of the index for its k and its filter. */
export function settingsFor(request: SearchRequest, lease: Lease): SearchDefaults {
  const asked = definedOf(request);
  const { published } = lease;
  const defaults = isFiltered(request, lease)
    ? (published.filteredDefaults ?? widenedDefaults(published))
    : unfilteredDefaults(asked, lease);
  const { nprobes, refineFactor, ef } = { ...defaultsAt(defaults, request.k, published), ...asked };
  return {
    ...(nprobes === undefined ? {} : { nprobes }),
    ...(refineFactor === undefined ? {} : { refineFactor }),
    ...(request.distanceRange && isCoded(published.indexType) ? { refineFactor: refineFactor ?? 1 } : {}),
    // HNSW keeps at least as many candidates as it is asked for
    ...(ef === undefined ? {} : { ef: Math.max(ef, Math.min(request.k, limits.maxEf)) }),
  };
}

/**
 * While vectors would be read from the store, refining is what takes longest. Settings that are asked for go with the
 * same others at any time.
 */
function unfilteredDefaults(asked: SearchDefaults, { published, reader }: Lease): SearchDefaults {
  const mayVary = !reader.isReplicated && Object.keys(asked).length === 0;
  return (mayVary ? published.unrefinedDefaults : undefined) ?? published.searchDefaults;
}

/**
 * For a filter, where rows were too few to measure with one: the nearest that match are as far away as many neighbours of
 * an unfiltered search, in more partitions, and codes tell their distances apart less well.
 */
function widenedDefaults({ searchDefaults, indexType, indexParameters }: Publication): SearchDefaults {
  const { nprobes, refineFactor = 1, ef } = searchDefaults;
  const partitions = indexParameters.numPartitions ?? 1;
  const widened = (width: number) => width * limits.filterWidening;
  return {
    ...(nprobes === undefined ? {} : { nprobes: Math.min(partitions, widened(nprobes)) }),
    ...(indexType === "IVF_FLAT" || indexType === "EXACT"
      ? {}
      : { refineFactor: Math.max(limits.filterRefineFactor, refineFactor) }),
    ...(ef === undefined ? {} : { ef: Math.min(limits.maxEf, widened(ef)) }),
  };
}

function definedOf({ nprobes, refineFactor, ef }: SearchRequest): SearchDefaults {
  return Object.fromEntries(
    Object.entries({ nprobes, refineFactor, ef }).filter(([, value]) => value !== undefined),
  );
}
