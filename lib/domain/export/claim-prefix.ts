import { DomainError } from "../errors.ts";
import { holderOf, leavePrefix } from "../jobs/discard-export.ts";
import { claimFolder, claimName, type ExportPlan, isPartOf, manifestName } from "../jobs/export-plan.ts";
import type { ListedObject, Stores } from "../object-store.ts";
import { unlessRaced } from "../unless-raced.ts";

/**
 * Makes this job the only one that writes under its prefix. The claim is written before anything is looked at: of two jobs,
 * one inside the other's prefix, at least one finds the other's.
 * @throws Conflict where another writes there, or where there is anything
 */
export async function claimPrefix(stores: Stores, made: ExportPlan, job: string): Promise<void> {
  const { bucket, prefix } = made;
  const body = new TextEncoder().encode(JSON.stringify({ job }));
  const put = () => stores(bucket).put(prefix + claimName, body, { ifNoneMatch: "*" });
  const isNew = (await unlessRaced(put)) !== undefined;
  const holder = isNew ? job : await holderOf(stores, bucket, prefix);
  if (holder !== job)
    throw taken(made, `job ${holder ?? "unknown"} writes there; once it is over, cancel it to tidy up`);
  try {
    await refuseInside(stores, made);
    refuseOthers(made, await stores(bucket).list(prefix), job);
  } catch (error) {
    await leavePrefix(stores, made, job);
    throw error;
  }
}

/** Whoever reads the outer one would read both. */
async function refuseInside(stores: Stores, made: ExportPlan): Promise<void> {
  const segments = made.prefix.split("/").slice(0, -1);
  for (let length = 2; length < segments.length; length++) {
    const outer = `${segments.slice(0, length).join("/")}/`;
    for (const name of [manifestName, claimName])
      if (await stores(made.bucket).stat(outer + name))
        throw taken(made, `it lies inside another export, whose ${name} is under ${outer}`);
  }
}

/** @throws Conflict naming what is there and not of this job */
export function refuseOthers(made: ExportPlan, found: ListedObject[], job: string): void {
  const names = found.map(({ key }) => key.slice(made.prefix.length));
  const other = names.find((name) => !name.startsWith(claimFolder) && !isPartOf(name, job));
  if (other !== undefined) throw taken(made, `there is ${JSON.stringify(other.slice(0, 200))} already`);
}

function taken({ bucket, prefix }: ExportPlan, why: string): DomainError {
  const detail = `target "${bucket}/${prefix.slice(0, -1)}" is not empty: ${why}. Name another target`;
  return new DomainError("Conflict", detail);
}
