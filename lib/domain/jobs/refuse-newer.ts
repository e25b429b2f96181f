import type { IndexRegistry } from "../index/index-registry.ts";
import { unlessUnreadable } from "../stored/stored-json.ts";
import type { JobLedger } from "./job-ledger.ts";

/**
 * Before a job is taken over or ended: one of which a newer release has written something, or whose index it has, is left
 * as it is, so that it can go on with it. What is damaged is for others to say.
 * @throws NeedsNewerRelease
 */
export async function refuseNewer(
  { ledger, registry }: { ledger: JobLedger; registry: IndexRegistry },
  job: string,
): Promise<void> {
  await ledger.refuseNewer(job);
  const record = await unlessUnreadable(
    () => ledger.record(job),
    () => undefined,
  );
  if (record) await registry.refuseNewer(record.input.index);
}
