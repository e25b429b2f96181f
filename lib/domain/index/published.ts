import { DomainError } from "../errors.ts";
import type { IndexEntry } from "./index-entry.ts";

/** The published generation of an entry. @throws IndexNotReady */
export function publishedOf(entry: IndexEntry) {
  if (entry.published) return entry.published;
  throw new DomainError("IndexNotReady", `nothing of index "${entry.name}" is published yet`);
}
