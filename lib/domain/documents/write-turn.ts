import { limits } from "../../config/limits.ts";
import type { Buckets } from "../bucket.ts";
import type { Providers } from "../embedding/providers.ts";
import { DomainError } from "../errors.ts";
import type { Column, GenerationRef, IndexEntry, Publication } from "../index/index-entry.ts";
import type { IndexRegistry } from "../index/index-registry.ts";
import { publishedOf } from "../index/published.ts";
import { droppingUnknown } from "../stored/unknown-fields.ts";
import type { Clock } from "../task-context.ts";
import type { Committed, DocumentTables, OpenDocuments, PastDocuments } from "./document-tables.ts";
import { bare, shaped, tellColumns } from "./first-columns.ts";
import { type KeptReceipt, type Receipt, type Receipts, type Written, written } from "./receipts.ts";
import type { Abandoned, KeyedWrite } from "./stored-turn.ts";
import { withTurn } from "./turn-versions.ts";
import { isGatherDue, isUpkeepDue, refuseTooManyUnindexed, tallied } from "./upkeep.ts";
import type { OwnTurn, WriteTurns } from "./write-turns.ts";

export interface WriteDependencies {
  registry: IndexRegistry;
  buckets: Buckets;
  turns: WriteTurns;
  receipts: Receipts;
  documents: DocumentTables;
  clock: Clock;
  providers: Providers;
  /** Asks for a job that takes in what was written to an index: one, however many ask. Never fails. */
  askUpkeep(index: string, generation: string): Promise<void>;
}

/** What one write does, in its index's turn. */
export interface Write {
  /** Of its Idempotency-Key; none without one. */
  keyed: KeyedWrite | undefined;
  /** Makes what is written of what was sent. @throws where it does not fit what is published */
  fit(published: Publication, documents: OpenDocuments, infersColumns: boolean): void;
  /** Whatever else refuses it, before anything is written; nothing that it refuses was written upon such a version. */
  refuse?(documents: PastDocuments): Promise<DomainError | undefined>;
  /** Whether it may leave more rows that no index holds. */
  grows: boolean;
  /** Those that its documents tell, if they are the first of their index. */
  columns?: Column[] | undefined;
  /** One commit. */
  commit(documents: OpenDocuments): Promise<Committed>;
  /** Whether a version has what it would write. */
  isIn(documents: PastDocuments): Promise<boolean>;
}

/**
 * One write to what is published of an index, which is the same until its turn is over.
 *
 * A write with an Idempotency-Key that was answered is answered the same again. One whose process died between its commit
 * and its answer left its turn behind: between two versions lies whatever it committed, and what is sent again is looked
 * for there, version by version, before it is written once more.
 * @throws IndexNotFound, IndexNotReady, BucketReadOnly, IdempotencyMismatch, TooBusy, what `fit` and `refuse` throw
 */
export async function inTurn(
  deps: WriteDependencies,
  index: string,
  write: Write,
  timeoutMs: number,
): Promise<Written> {
  const { keyed } = write;
  const gatherUntil = deps.clock.now() + limits.gatherShare * timeoutMs;
  const done = await deps.turns.during(index, keyed, timeoutMs, async (own) => {
    const asked = own.abandoned ? undefined : found(deps, index, keyed); // while it is looked up what is published
    const entry = (await deps.registry.get(index)).value;
    const published = publishedOf(entry);
    deps.buckets.writable(published.bucket);
    const ref = { index, bucket: published.bucket, generation: published.generation };
    if (own.abandoned) {
      await withdrawPublication(deps, index);
      await recover(deps, ref, own.abandoned, own.permit);
      await own.recovered();
    }
    const kept = await (asked ?? found(deps, index, keyed));
    if (kept?.receipt.state === "done")
      return { answer: droppingUnknown(written).parse(kept.receipt.answer), isDue: false };
    return deps.documents.with(ref, async (opened) => {
      const documents = entry.infersColumns ? await shaped(own, published, opened, write.columns) : opened;
      const { infersColumns = false } = entry;
      write.fit(infersColumns ? bare(published) : published, documents, infersColumns);
      const before = kept && (await committedBefore(documents, ref, kept.receipt, write));
      const committed = before ?? (await committing(deps, ref, own, write, documents));
      own.acknowledges();
      const { version, isDue } =
        committed.version > documents.version
          ? await leave(deps.clock, own, { entry, published, opened, documents, committed, gatherUntil })
          : { version: committed.version, isDue: false };
      const told = infersColumns && !(await documents.isEmpty()) ? { columns: documents.writable } : {};
      const answer = { generation: ref.generation, ...committed, version, ...told };
      if (keyed) await keeping(own, () => deps.receipts.keep(index, keyed, answer, kept));
      if (told.columns) await tellColumns(deps.registry, ref, told.columns);
      return { answer, isDue };
    });
  });
  if (done.isDue) await deps.askUpkeep(index, done.answer.generation);
  return done.answer;
}

/** What is kept of a write that was sent before. That it cannot be told is for whoever waits for it. */
function found(
  { receipts }: WriteDependencies,
  index: string,
  keyed: KeyedWrite | undefined,
): Promise<KeptReceipt | undefined> {
  const kept = keyed ? receipts.find(index, keyed) : Promise.resolve(undefined);
  kept.catch(() => undefined);
  return kept;
}

interface Done {
  entry: IndexEntry;
  published: Publication;
  /** As the table was before its columns were told. */
  opened: OpenDocuments;
  documents: OpenDocuments;
  committed: Committed;
  /** From then on there is no time for it. */
  gatherUntil: number;
}

/**
 * Gathers small fragments when it is time to, and tells the next what was written so far. What is answered is the version after
 * that: then it is still the newest, for whoever writes on condition that it is.
 * @returns whether a job is to be asked for that takes in what was written
 */
async function leave(clock: Clock, own: OwnTurn, done: Done): Promise<{ version: number; isDue: boolean }> {
  const { entry, published, documents, committed, gatherUntil } = done;
  let [version, tally] = [committed.version, tallied(own.tally, published.generation, committed)];
  if (isGatherDue(tally) && clock.now() < gatherUntil) {
    const gathered = await documents.gather(published.idColumn);
    version = gathered?.version ?? version;
    const { fragments = tally.fragments } = gathered ?? {};
    tally = { ...tally, gatheredAfter: tally.commits, ...(fragments === undefined ? {} : { fragments }) };
  }
  if (!isOfTurnsAlone(own, done, version)) tally = { ...tally, othersAt: version };
  tally = { ...tally, turns: turnsOf(own, done, version) };
  const isDue = isUpkeepDue(published, tally, entry.upkeep, clock.now());
  own.leaves(version, isDue ? { ...tally, askedAt: new Date(clock.now()).toISOString() } : tally);
  return { version, isDue };
}

/** Whether each version since the turn before was made by this one, of the one before it. */
function isOfTurnsAlone(
  { tally, version: left }: OwnTurn,
  { published, documents, committed }: Done,
  version: number,
): boolean {
  const isSame = tally?.generation === published.generation && left === documents.version;
  return isSame && committed.version === documents.version + 1 && version <= committed.version + 1;
}

function turnsOf({ tally, version: left }: OwnTurn, done: Done, version: number) {
  const { published, opened, documents, committed } = done;
  const isSame = tally?.generation === published.generation;
  return withTurn(isSame ? tally.turns : undefined, {
    left: isSame ? left : undefined,
    published: published.version ?? published.recall.version ?? undefined,
    opened: opened.version,
    shaped: documents.version,
    committed: committed.version,
    gathered: version > committed.version ? version : undefined,
  });
}

/** Where that was a publication, it can no longer be made: it would be without what is written now. */
async function withdrawPublication({ registry }: WriteDependencies, index: string): Promise<void> {
  await registry.update(index, ({ claim }) => {
    if (!claim?.publishing) return undefined;
    const { publishing: _, ...open } = claim;
    return { claim: open };
  });
}

/**
 * Ends what whoever had the turn before did not end: nothing that is under way is committed any more, and what may have been
 * is noted, for when that write is sent again.
 */
export async function recover(
  { documents, receipts }: Pick<WriteDependencies, "documents" | "receipts">,
  { index, bucket, generation }: GenerationRef,
  { write, version = 0, tally }: Abandoned,
  permit: OwnTurn["permit"],
): Promise<void> {
  const ref = { index, bucket, generation };
  const after = tally?.generation === generation ? version : 0;
  const upTo = await documents.with(ref, (open) => open.fence(permit));
  const isSure = after > 0 && upTo === after + 1; // nothing but the fence came after the turn before: it was not done
  if (write && !isSure) await receipts.keepUnknown(index, write, { after, upTo, ref });
}

/** @returns undefined where no version has it: it was not committed when it was first sent. @throws Conflict */
async function committedBefore(
  documents: OpenDocuments,
  { index, generation }: GenerationRef,
  receipt: Receipt,
  { isIn, refuse }: Write,
): Promise<Committed | undefined> {
  if (receipt.state === "done") return undefined;
  const { ref, after, upTo } = receipt;
  if (ref.generation !== generation) throw forgotten(index);
  const isTaken = async (before: PastDocuments) => (await refuse?.(before)) === undefined;
  for (let version = upTo; version > Math.max(after, upTo - limits.maxVersionsLookedAt, 1); version--) {
    const is = await documents.at(version, isIn);
    if (is === undefined) throw forgotten(index);
    if (is && (await documents.at(version - 1, isTaken)))
      return { version, inserted: 0, updated: 0, deleted: 0 };
  }
  return undefined;
}

/** What fails may have been committed all the same, or still be: not after this. What is not granted was not begun. */
async function committing(
  deps: WriteDependencies,
  ref: GenerationRef,
  own: OwnTurn,
  { keyed, refuse, commit, grows }: Write,
  documents: OpenDocuments,
): Promise<Committed> {
  if (grows) refuseTooManyUnindexed(ref.index, ref.generation, own.tally);
  const refusal = await refuse?.(documents);
  if (refusal) throw refusal;
  await own.permit();
  try {
    return await commit(documents);
  } catch (error) {
    if (error instanceof DomainError && error.kind === "Forbidden") throw error;
    const tally = { generation: ref.generation, rows: 0, deleted: 0, commits: 0 };
    const left = { version: documents.version, write: keyed, tally };
    await own
      .permit()
      .then(() => recover(deps, ref, left, own.permit))
      .catch(own.abandon);
    throw error;
  }
}

/** Where an answer cannot be kept, whoever is next notes that there was one. */
async function keeping(own: OwnTurn, keep: () => Promise<void>): Promise<void> {
  await keep().catch((error) => {
    own.abandon();
    throw error;
  });
}

function forgotten(index: string): DomainError {
  return new DomainError(
    "Conflict",
    `whether this write was done when it was first sent is not known: index "${index}" has been built anew since, or its old versions were removed. Read its documents, and send what is missing with another Idempotency-Key`,
  );
}
