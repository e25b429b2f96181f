import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { DomainError } from "../errors.ts";
import type { GenerationRef, IndexEntry } from "../index/index-entry.ts";
import type { IndexRegistry } from "../index/index-registry.ts";
import { publishedOf } from "../index/published.ts";
import {
  type NumberedVersion,
  type StoredVersion,
  type StoredVersions,
  versionOperation,
} from "../index/stored-versions.ts";
import { generationNumber, jobId } from "../names.ts";
import type { Stores } from "../object-store.ts";
import type { Clock } from "../task-context.ts";
import { madeBy } from "./turn-versions.ts";
import type { Tally } from "./upkeep.ts";
import { WriteTurns } from "./write-turns.ts";

const listedVersion = z.strictObject({
  generation: z.string(),
  version: z.int(),
  at: z.string().nullable().meta({ description: "When it was committed; null where it does not say" }),
  by: z.enum(["job", "creation", "write", "maintenance", "client", "unknown"]).meta({
    description:
      "job: the publication of a generation. creation: of an index without a job. write: through the routes for documents. maintenance: fragments were gathered, which changes no document. client: another LanceDB client, or a write that was never acknowledged. unknown: by whom nobody has kept",
  }),
  job: jobId.nullable(),
  operation: versionOperation
    .nullable()
    .meta({ description: "What the commit did to the table; null where it does not say" }),
  restored: z.int().nullable().meta({ description: "The version that a restore made the newest again" }),
  rows: z.int().nullable(),
  bytes: z.int().nullable().meta({ description: "Of its data files; versions share most of theirs" }),
});
type ListedVersion = z.infer<typeof listedVersion>;

export const versionList = z
  .strictObject({
    versions: z.array(listedVersion).meta({ description: "The newest first, across generations" }),
    next: z.string().nullable().meta({ description: "Cursor of the next page; null on the last" }),
    generation: z.string().meta({ description: "That is published" }),
    version: z.int().nullable().meta({ description: "The newest of it" }),
  })
  .meta({ id: "VersionList" });
export type VersionList = z.infer<typeof versionList>;

export const versionCursor = z
  .string()
  .regex(/^g[1-9]\d{0,8}\.\d{1,15}$/, "must be the next of a page of versions");

interface VersionDependencies {
  registry: IndexRegistry;
  versions: StoredVersions;
  stores: Stores;
  clock: Clock;
}

/** A generation that is published, or was. */
interface Past {
  ref: GenerationRef;
  isPublished: boolean;
  /** Its version when it was published: what came before was built, and never served. Of old ones it is not known for sure. */
  from: number | undefined;
  publication: { at: string; job: string | undefined } | undefined;
}

/** What is known of who wrote. */
interface Writers {
  tally: Tally | undefined;
  /** Nobody has the turn. */
  isQuiet: boolean;
}

/**
 * Versions that there are of an index since it was published, and of generations that this one has replaced, as long as these
 * are kept. A version is a generation and its number: later is what has the higher generation, and of one the higher number.
 * @throws IndexNotFound, IndexNotReady, TableNotKnown, StoreUnavailable
 */
export async function listVersions(
  deps: VersionDependencies,
  index: string,
  { cursor, limit }: { cursor?: string | undefined; limit: number },
): Promise<VersionList> {
  const entry = (await deps.registry.get(index)).value;
  const { generation } = publishedOf(entry);
  const [pasts, before] = [pastsOf(entry), placeOf(cursor)];
  const listed = await Promise.all(pasts.map(({ ref }) => deps.versions.numbers(ref)));
  const writers = await writersOf(deps, index); // after them: whoever had committed one has ended its turn, or has it still
  const all = pasts.flatMap((past, i) =>
    (listed[i] ?? [])
      .filter(({ version }) => version >= (past.from ?? 0) && isBefore(past, version, before))
      .map((one) => ({ past, ...one })),
  );
  const some = pageOf(all, limit);
  const versions = await toldOf(deps.versions, some, writers);
  const last = some.at(-1);
  const next = last && some.length < all.length ? `${last.past.ref.generation}.${last.version}` : null;
  return { versions, next, generation, version: listed[0]?.[0]?.version ?? null };
}

/** The published generation first, and those that were replaced, the last first. */
function pastsOf(entry: IndexEntry): Past[] {
  const index = entry.name;
  const { bucket, generation, version, recall, job, publishedAt } = publishedOf(entry);
  const replaced = entry.retiring.map(({ publishedVersion, ...one }) => ({
    ref: { index, bucket: one.bucket, generation: one.generation },
    isPublished: false,
    from: publishedVersion ?? one.version ?? undefined,
    publication: one.publishedAt === undefined ? undefined : { at: one.publishedAt, job: one.job },
  }));
  return [
    {
      ref: { index, bucket, generation },
      isPublished: true,
      from: version ?? recall.version ?? undefined,
      publication: version === undefined ? undefined : { at: publishedAt, job },
    },
    ...replaced.toSorted((a, b) => numberOf(b) - numberOf(a)),
  ];
}

const numberOf = ({ ref }: Pick<Past, "ref">) => generationNumber(ref.generation);

/** Where a newer release writes nothing is known of who did. */
async function writersOf({ stores, clock }: VersionDependencies, index: string): Promise<Writers> {
  try {
    const { tally, holder = null } = await new WriteTurns(stores("primary"), clock).left(index);
    return { tally, isQuiet: holder === null };
  } catch (error) {
    if (!(error instanceof DomainError && error.kind === "NeedsNewerRelease")) throw error;
    return { tally: undefined, isQuiet: false };
  }
}

function placeOf(cursor: string | undefined): { generation: number; version: number } | undefined {
  if (cursor === undefined) return undefined;
  const [generation = "", version] = cursor.split(".");
  return { generation: generationNumber(generation), version: Number(version) };
}

function isBefore(past: Past, version: number, place: ReturnType<typeof placeOf>): boolean {
  if (!place) return true;
  const generation = numberOf(past);
  return generation < place.generation || (generation === place.generation && version < place.version);
}

type Placed = NumberedVersion & { past: Past };

/** One at least; fewer than the limit where what they say of themselves is long. */
function pageOf(all: Placed[], limit: number): Placed[] {
  let bytes = 0;
  const some = all.slice(0, limit);
  const end = some.findIndex((one, i) => {
    bytes += one.bytes;
    return i > 0 && bytes > limits.listedManifestBytes;
  });
  return end < 0 ? some : some.slice(0, end);
}

async function toldOf(versions: StoredVersions, some: Placed[], writers: Writers): Promise<ListedVersion[]> {
  const pasts = [...new Set(some.map(({ past }) => past))];
  const told = await Promise.all(
    pasts.map(async (past) => {
      const own = some.flatMap((one) => (one.past === past ? [one.version] : []));
      return (await versions.told(past.ref, own)).map((one) => listedOf(past, one, writers));
    }),
  );
  return told.flat();
}

function listedOf(past: Past, { version, at, ...said }: StoredVersion, writers: Writers): ListedVersion {
  const { publication, from } = past;
  const { generation } = past.ref;
  if (publication && version === from) {
    const { at, job = null } = publication;
    return { generation, version, at, by: job === null ? "creation" : "job", job, ...said };
  }
  const own = writers.tally?.generation === generation ? writers.tally : undefined;
  const by = madeBy(version, own?.turns, isOfOthers(past, own, writers));
  return { generation, version, at, by, job: null, ...said };
}

/** Whether what came after the last turn can be of others alone. Where none has told there was none. */
function isOfOthers({ isPublished, publication }: Past, own: Tally | undefined, { isQuiet }: Writers) {
  return isQuiet && (own ? own.turns !== undefined : isPublished && publication !== undefined);
}
