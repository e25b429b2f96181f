import type { Stores } from "../object-store.ts";
import { claimFolder, claimName, type ExportPlan, exportPlan, isPartOf, prefixClaim } from "./export-plan.ts";
import type { JobLedger } from "./job-ledger.ts";

/**
 * Removes the files of an export that will have no manifest. One whose end is recorded as success has one, or will: its
 * files stay. May be repeated; does nothing for other jobs.
 */
export async function discardExport(
  { ledger, stores }: { ledger: JobLedger; stores: Stores },
  job: string,
): Promise<void> {
  const made = await ledger.read(job, "export", exportPlan);
  if (!made || (await ledger.ended(job))?.state === "succeeded") return;
  const store = stores(made.bucket);
  const listed = await store.list(made.prefix);
  const own = listed.filter(({ key }) => isPartOf(key.slice(made.prefix.length), job));
  await store.delete(own.map(({ key }) => key));
  await leavePrefix(stores, made, job);
}

/** Lets others write there again. */
export async function leavePrefix(
  stores: Stores,
  { bucket, prefix }: Pick<ExportPlan, "bucket" | "prefix">,
  job: string,
): Promise<void> {
  if ((await holderOf(stores, bucket, prefix)) === job)
    await stores(bucket).deletePrefix(prefix + claimFolder);
}

/** The job that writes under a prefix, or has begun to and was never tidied up. */
export async function holderOf(stores: Stores, bucket: string, prefix: string): Promise<string | undefined> {
  const found = await stores(bucket).get(prefix + claimName);
  return found && prefixClaim.safeParse(jsonIn(found.body)).data?.job;
}

function jsonIn(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}
