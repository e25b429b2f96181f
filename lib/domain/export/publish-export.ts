import { DomainError } from "../errors.ts";
import type { IndexRegistry } from "../index/index-registry.ts";
import { leavePrefix } from "../jobs/discard-export.ts";
import { releaseClaim } from "../jobs/discard-generation.ts";
import {
  type ExportedFile,
  type ExportPlan,
  fileCount,
  isPartOf,
  manifestName,
} from "../jobs/export-plan.ts";
import type { ListedObject } from "../object-store.ts";
import { unlessRaced } from "../unless-raced.ts";
import { refuseOthers } from "./claim-prefix.ts";
import { notedFiles, type UnitDependencies } from "./export-units.ts";

export interface PublishExportDependencies extends UnitDependencies {
  registry: IndexRegistry;
}

/**
 * Writes the manifest, once, when all files are there as they were noted. The end is recorded first, so that a cancel
 * either comes before, and removes the files, or after, and finds the job succeeded. Repeated, it finds its manifest.
 * @throws JobCancelled, Conflict where another has written to the target
 */
export async function publishExport(
  deps: PublishExportDependencies,
  job: string,
  plan: ExportPlan,
): Promise<void> {
  const { ledger, stores } = deps;
  const store = stores(plan.bucket);
  if (!(await isPublished(deps, job, plan))) {
    const found = await store.list(plan.prefix);
    refuseOthers(plan, found, job);
    const files = await filesOf(deps, job, plan, found);
    const end = await ledger.end(job, "succeeded");
    if (end.state !== "succeeded") await ledger.refuseEnded(job);
    const body = new TextEncoder().encode(`${JSON.stringify(manifestOf(job, plan, files), null, 2)}\n`);
    const put = () => store.put(plan.prefix + manifestName, body, { ifNoneMatch: "*" });
    if (!(await unlessRaced(put)) && !(await isPublished(deps, job, plan)))
      throw new DomainError("Conflict", `another has written ${manifestName} under ${plan.prefix}`);
  }
  await leavePrefix(stores, plan, job);
  await releaseClaim(deps.registry, plan.ref.index, job);
  await ledger.forgetFailure(job);
}

/** Whether there is the manifest of this job. */
export async function isPublished(
  { stores }: Pick<PublishExportDependencies, "stores">,
  job: string,
  { bucket, prefix }: ExportPlan,
): Promise<boolean> {
  const found = await stores(bucket).get(prefix + manifestName);
  return found !== undefined && jobOf(found.body) === job;
}

function jobOf(body: Uint8Array): unknown {
  try {
    return (JSON.parse(new TextDecoder().decode(body)) as { job?: unknown }).job;
  } catch {
    return undefined;
  }
}

/** As they lie there. An attempt that was thought dead may have written one again since it was noted. */
async function filesOf(
  deps: PublishExportDependencies,
  job: string,
  plan: ExportPlan,
  found: ListedObject[],
): Promise<ExportedFile[]> {
  const noted = await notedFiles(
    deps.ledger,
    job,
    Array.from({ length: fileCount(plan) }, (_, id) => id),
  );
  const there = new Map(found.map((one) => [one.key.slice(plan.prefix.length), one]));
  const files: ExportedFile[] = [];
  for (const [id, file] of noted.entries()) {
    const object = file && there.get(file.name);
    if (!object) throw new DomainError("Conflict", `file ${id} of the export was removed by another`);
    files.push(await asItIs(deps, plan, file, object));
  }
  if (found.filter(({ key }) => isPartOf(key.slice(plan.prefix.length), job)).length > files.length)
    throw new DomainError("Internal", "there are more files than were planned");
  return files;
}

async function asItIs(
  { exports }: PublishExportDependencies,
  { bucket }: ExportPlan,
  file: ExportedFile,
  { key, bytes, identity }: ListedObject,
): Promise<ExportedFile> {
  if (identity === file.identity && bytes === file.bytes) return file;
  return { ...file, bytes, identity, sha256: await exports.sha256Of(bucket, key, bytes, identity) };
}

/** What it says of an export, is told in docs/export.md. */
function manifestOf(job: string, plan: ExportPlan, files: ExportedFile[]) {
  const { ref, version, rows, columns, idColumn, vectorColumn, dimension, metric, claimedAt } = plan;
  return {
    format: 1,
    job,
    index: ref.index,
    generation: ref.generation,
    version,
    at: claimedAt,
    ...{ idColumn, vectorColumn, dimension, metric, columns, rows },
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    files: files.map(({ name, rows, bytes, sha256 }) => ({ name, rows, bytes, sha256 })),
  };
}
