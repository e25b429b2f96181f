import type { IndexRegistry } from "../index/index-registry.ts";
import { writePermit } from "../index/write-permit.ts";
import type { Plan } from "../jobs/plan.ts";
import type { Builds } from "./builds.ts";

/** Copies the version that was planned. Repeated, it copies the same files to the same places. */
export async function forkGeneration(
  { registry, builds }: { registry: IndexRegistry; builds: Builds },
  job: string,
  { published, ref }: Plan,
): Promise<void> {
  if (!published?.version) return;
  await builds.fork(published.ref, published.version, ref, writePermit(registry, job, ref));
}
