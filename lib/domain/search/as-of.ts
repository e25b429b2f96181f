import { limits } from "../../config/limits.ts";
import { DomainError } from "../errors.ts";
import type { GenerationRef } from "../index/index-entry.ts";
import type { StoredVersions } from "../index/stored-versions.ts";
import { generationNumber } from "../names.ts";
import type { AsOf, Freshness } from "./freshness.ts";
import type { Lease, WarmIndexes } from "./reader.ts";

/**
 * Indexes as they were at a version of what is published, or at a moment: whatever is read of one is of that version.
 * @throws VersionExpired where it is not kept any more, or was never served; VersionNotReached where it is not there yet
 */
export function indexesAsOf(indexes: WarmIndexes, versions: StoredVersions, asOf: AsOf): WarmIndexes {
  const asked = placeOf(asOf);
  return {
    use: (index, freshness, work) =>
      indexes.use(index, reaching(freshness, asked), async (lease) => {
        const ref = { index, bucket: lease.published.bucket, generation: lease.published.generation };
        const version = await versionOf(asked, lease, ref, versions);
        if (version === lease.reader.version) return work(lease);
        return lease.reader
          .at(version, (reader) => work({ ...lease, reader, cold: true }))
          .catch(async (error) => {
            if (!(error instanceof DomainError && error.kind === "VersionExpired")) throw error;
            throw expired(`version ${version} of ${ref.generation}`, await keptOf(lease, ref, versions));
          });
      }),
  };
}

type Place = { version: number; generation: string | undefined } | { moment: number };

function placeOf(asOf: AsOf): Place {
  if (typeof asOf === "number") return { version: asOf, generation: undefined };
  const [, generation, version] = /^(g\d+)\.(\d+)$/.exec(asOf) ?? [];
  return generation ? { version: Number(version), generation } : { moment: Date.parse(asOf) };
}

/** A version that the container does not know of yet is looked for; at a moment all that was acknowledged by then is seen. */
function reaching(freshness: Freshness, asked: Place): Freshness {
  if ("moment" in asked) return { ...freshness, consistency: "strong" };
  return { ...freshness, minVersion: asked.version, minGeneration: asked.generation };
}

async function versionOf(
  asked: Place,
  lease: Lease,
  ref: GenerationRef,
  versions: StoredVersions,
): Promise<number> {
  const { published } = lease;
  if ("version" in asked) {
    const { generation = ref.generation, version } = asked;
    const isOlder = generationNumber(generation) < generationNumber(ref.generation);
    if (!isOlder && version >= firstOf(lease)) return version;
    throw expired(`version ${version} of ${generation}`, await keptOf(lease, ref, versions));
  }
  const isServed = published.version === undefined || Date.parse(published.publishedAt) <= asked.moment;
  const found = isServed ? await newestBy(asked.moment, lease, ref, versions) : undefined;
  if (found !== undefined) return found;
  throw expired("what was served then", await keptOf(lease, ref, versions));
}

/** What came before was built, and never served. */
const firstOf = ({ published: { version, recall } }: Lease) => version ?? recall.version ?? 0;

/** The newest version that was committed by then, some of them asked at a time. @returns undefined where all were later */
async function newestBy(
  moment: number,
  lease: Lease,
  ref: GenerationRef,
  stored: StoredVersions,
): Promise<number | undefined> {
  let left = (await servedOf(lease, ref, stored)).reverse();
  let newest: number | undefined;
  while (left.length > 0) {
    const step = Math.ceil(left.length / limits.versionsReadAtATime);
    const asked = left.filter((_, i) => i % step === step - 1 || i === left.length - 1);
    const told = await stored.told(ref, asked);
    const isFirst = (version: number) => version === firstOf(lease); // it counts from when it was published
    const before = told.filter(
      ({ version, at }) => isFirst(version) || (at !== null && Date.parse(at) <= moment),
    );
    const last = before.at(-1)?.version;
    newest = last ?? newest;
    const next = told.find(({ version }) => version > (last ?? Number.NEGATIVE_INFINITY))?.version;
    left = left.filter((one) => one > (last ?? Number.NEGATIVE_INFINITY) && one < (next ?? 0));
  }
  return newest;
}

/** The newest first. */
async function servedOf(lease: Lease, ref: GenerationRef, stored: StoredVersions): Promise<number[]> {
  const numbers = (await stored.numbers(ref)).map(({ version }) => version);
  return numbers.filter((version) => version >= firstOf(lease));
}

async function keptOf(lease: Lease, ref: GenerationRef, stored: StoredVersions): Promise<string> {
  const served = await servedOf(lease, ref, stored);
  return `${ref.generation}.${served.at(-1)} to ${ref.generation}.${served[0]}`;
}

const expired = (what: string, kept: string) =>
  new DomainError("VersionExpired", `${what} is not kept any more; versions ${kept} are`);
