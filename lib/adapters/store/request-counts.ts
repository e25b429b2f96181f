import { noCounts, type StoreCounts } from "../../domain/cost/store-counts.ts";

/** What our own clients have asked of stores since this process began, each attempt by itself. */
export const requestCounts: StoreCounts = noCounts();

/** Which of those that are priced a request is. */
export function kindOf(method: string, query: object = {}): "get" | "head" | "put" | "list" | "delete" {
  if (method === "GET") return "list-type" in query ? "list" : "get";
  if (method === "HEAD") return "head";
  return method === "DELETE" || "delete" in query ? "delete" : "put";
}
