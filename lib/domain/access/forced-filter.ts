import { DomainError } from "../errors.ts";
import type { Column } from "../index/index-entry.ts";
import type { Filter } from "../values/filter.ts";
import { filterIssues } from "../values/filter-types.ts";

/**
 * What a key's own filter leaves of what was asked for.
 * @throws Forbidden where an index has no such columns: then nothing of it is the key's
 */
export function narrowed(forced: Filter, columns: Column[], asked?: Filter): Filter {
  if (filterIssues(forced, columns).length > 0)
    throw new DomainError("Forbidden", "the index has no columns for the filter of the key");
  return asked ? { op: "and", filters: [forced, asked] } : forced;
}
