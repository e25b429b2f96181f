import type { Buckets } from "../bucket.ts";
import { DomainError } from "../errors.ts";
import type { IndexRegistry } from "../index/index-registry.ts";
import { publishedOf } from "../index/published.ts";
import { splitSource } from "../names.ts";
import type { Stores } from "../object-store.ts";
import { type ExportInput, splitTarget } from "./export-input.ts";
import { executionOf } from "./get-job.ts";
import { type JobInput, machineOf } from "./job.ts";
import type { JobLedger } from "./job-ledger.ts";
import type { Workflow } from "./workflow.ts";

export interface JobDependencies {
  buckets: Buckets;
  registry: IndexRegistry;
  ledger: JobLedger;
  workflow: Workflow;
  stores: Stores;
}

/**
 * Starts a job once per id: a second start with the same id and input finds the first, and starts its execution if the
 * process died in between.
 * @throws BucketNotFound, BucketReadOnly, IndexNotFound, IndexNotReady, Conflict, IdempotencyMismatch
 */
export async function startJob(deps: JobDependencies, id: string, input: JobInput): Promise<void> {
  const known = await deps.ledger.record(id);
  if (!known) await refuseHopeless(deps, id, input);
  await deps.ledger.register(id, input);
  await deps.workflow.start(id, machineOf(input.type), input);
}

/** What can be known at once is said at once, not minutes later by a failed job. */
async function refuseHopeless(
  { buckets, stores, registry, ledger, workflow }: JobDependencies,
  id: string,
  input: JobInput,
): Promise<void> {
  if (input.type === "migrate") {
    buckets.get(splitSource(input.source).bucket);
    buckets.writable(input.bucket);
    await stores(input.bucket).ensureWritable();
  }
  const entry = input.type === "migrate" ? await registry.read(input.index) : await registry.get(input.index);
  if (input.type === "export") await refuseTarget({ buckets, stores }, input);
  if (input.type !== "migrate" && entry) {
    const { bucket } = publishedOf(entry.value);
    if (input.type !== "export") buckets.writable(bucket); // which only reads it
  }
  const claim = entry?.value.claim;
  const holder = claim && (await executionOf(ledger, workflow, claim.job));
  if (claim && claim.job !== id && holder?.status === "running")
    throw new DomainError("Conflict", `job ${claim.job} holds index "${input.index}"`);
}

async function refuseTarget(
  { buckets, stores }: Pick<JobDependencies, "buckets" | "stores">,
  { target }: ExportInput,
): Promise<void> {
  const { bucket } = splitTarget(target);
  buckets.writable(bucket);
  await stores(bucket).ensureWritable();
}
