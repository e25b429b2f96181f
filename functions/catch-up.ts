import { container } from "../lib/container.ts";
import { catchUp } from "../lib/domain/documents/catch-up.ts";
import { EntryList } from "../lib/domain/index/entry-list.ts";

/** By a schedule (serverless.yml): the jobs that writes asked for and that failed, and old versions. */
export async function handler(): Promise<{ indexes: number; due: number; pruned: number }> {
  const deps = container();
  return catchUp(deps, new EntryList(deps.stores("primary"), deps.clock, deps.fallbacks));
}
