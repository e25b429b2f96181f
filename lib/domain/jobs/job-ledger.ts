import type { z } from "zod";
import { limits } from "../../config/limits.ts";
import { clippedIssue, DomainError } from "../errors.ts";
import { inGroups } from "../in-groups.ts";
import { clipped } from "../listed.ts";
import { jobId } from "../names.ts";
import type { ObjectStore } from "../object-store.ts";
import type { SkippedRows } from "../source/parquet-source.ts";
import { inFormat, type StoredKind } from "../stored/formats.ts";
import { entryDamaged, type Origin, parseStored, refuseNewer } from "../stored/stored-json.ts";
import type { Clock } from "../task-context.ts";
import { unlessRaced } from "../unless-raced.ts";
import { isSameInput, type JobInput, type PhaseName } from "./job.ts";
import {
  type JobEnd,
  type JobFailure,
  type JobRecord,
  jobEnd,
  jobFailure,
  jobRecord,
  type Phase,
  phase,
  phaseOf,
  skippedRows,
} from "./job-documents.ts";

const byTime = "jobs/by-time/";
const remedy = "restore its objects under jobs in the primary bucket from a backup, or start another job";
const keyOf = (id: string, name: string) => `jobs/${id}/${name}.json`;
const kinds: Record<string, StoredKind> = { job: "job", plan: "plan" };
const originOf = (id: string, name: string): Origin => ({
  kind: kinds[name] ?? "ledger",
  what: `job "${id}"`,
  remedy,
});
/** Newest first in a listing that stores return in ascending order. */
const descending = (ms: number) => String(9_999_999_999_999 - ms).padStart(13, "0");

/** What is written about jobs, under `jobs/` of the primary bucket. */
export class JobLedger {
  readonly #store: ObjectStore;
  readonly #clock: Clock;

  constructor(store: ObjectStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Registers a job once. @returns the record that stands, and whether it was there before.
   * @throws IdempotencyMismatch when the id stands for another input
   */
  async register(id: string, input: JobInput): Promise<{ record: JobRecord; existed: boolean }> {
    const record = { id, input, createdAt: this.#timestamp() };
    const isSecond = asksForMore(input);
    const existed = !(await this.#createOnce(keyOf(id, "job"), inFormat(record, isSecond)));
    const standing = existed ? await this.record(id) : record;
    if (!standing) throw new DomainError("Internal", `job ${id} vanished while it was registered`);
    if (!isSameInput(standing.input, input))
      throw new DomainError("IdempotencyMismatch", `job ${id} was started with another input`);
    const marker = `${byTime}${descending(Date.parse(standing.createdAt))}-${id}`;
    await this.#store.put(marker, new Uint8Array());
    return { record: standing, existed };
  }

  ageMs({ createdAt }: JobRecord): number {
    return this.#clock.now() - Date.parse(createdAt);
  }

  async record(id: string): Promise<JobRecord | undefined> {
    const record = await this.read(id, "job", jobRecord);
    if (record && record.id !== id) throw entryDamaged(originOf(id, "job"));
    return record;
  }

  /** Ids, newest first. */
  async list(cursor: string | undefined, limit: number): Promise<{ ids: string[]; next?: string }> {
    const after = cursor ? `${byTime}${cursor}` : undefined;
    const page = await this.#store.list(byTime, { after, limit: limit + 1 });
    const markers = page.slice(0, limit).map(({ key }) => key.slice(byTime.length));
    return {
      ids: markers.flatMap((marker) => jobId.safeParse(marker.slice(14)).data ?? []),
      next: page.length > limit ? markers.at(-1) : undefined,
    };
  }

  /** Writes a document of a job once: of attempts at the same time the first stands. @returns whether it is this one */
  async writeOnce(id: string, name: string, value: unknown): Promise<boolean> {
    return this.#createOnce(keyOf(id, name), value);
  }

  /** Writes a document of a job in place of the one that was there. @throws NeedsNewerRelease */
  async write(id: string, name: string, value: unknown): Promise<void> {
    const key = keyOf(id, name);
    refuseNewer(await this.#store.get(key), originOf(id, name));
    await this.#store.put(key, encode(value));
  }

  /** @throws EntryDamaged, NeedsNewerRelease */
  async read<S extends z.ZodType>(id: string, name: string, schema: S): Promise<z.output<S> | undefined> {
    const stored = await this.#store.get(keyOf(id, name));
    return stored && parseStored(schema, stored.body, originOf(id, name));
  }

  /**
   * For what ends a job, which takes from it what a newer release may go on with: it knows every document of it, however
   * damaged.
   * @throws NeedsNewerRelease
   */
  async refuseNewer(id: string): Promise<void> {
    const names = await this.#names(id, "");
    await inGroups(names, limits.ledgerReadsAtATime, async (name) =>
      refuseNewer(await this.#store.get(keyOf(id, name)), originOf(id, name)),
    );
  }

  /**
   * Writes the progress of a phase, or of one worker of it, with what a later release may have noted beside it.
   * @param before as it stands, where the caller knows
   * @returns as it stands now
   */
  async progress(
    id: string,
    name: PhaseName,
    worker: number,
    done: Omit<Phase, "name">,
    before?: Phase,
  ): Promise<Phase> {
    const document = `progress/${name}-${worker}`;
    const standing = before ?? (await this.workerProgress(id, name, worker).catch(ifDamaged));
    const value = { ...standing, name, ...done };
    await this.#store.put(keyOf(id, document), encode(value));
    return value;
  }

  /** Every worker's progress. */
  async phases(id: string): Promise<Phase[]> {
    const names = await this.#names(id, "progress/");
    const read = await inGroups(names, limits.ledgerReadsAtATime, (name) => this.read(id, name, phase));
    return read.flatMap((one) => (one ? [phaseOf(one)] : []));
  }

  async workerProgress(id: string, name: PhaseName, worker: number): Promise<Phase | undefined> {
    const stored = await this.read(id, `progress/${name}-${worker}`, phase);
    return stored && phaseOf(stored);
  }

  /** Rows of a unit that will not be in its append. Written before it: whoever counts the unit expects so many less. */
  async recordSkipped(id: string, unit: number, skipped: SkippedRows): Promise<void> {
    await this.write(id, `skipped/${unit}`, skipped);
  }

  async skippedOf(id: string, unit: number): Promise<number> {
    return (await this.read(id, `skipped/${unit}`, skippedRows))?.rows ?? 0;
  }

  /** By unit. */
  async skipped(id: string): Promise<Map<number, SkippedRows>> {
    const found = new Map<number, SkippedRows>();
    for (const name of await this.#names(id, "skipped/")) {
      const one = await this.read(id, name, skippedRows);
      if (one) found.set(Number(name.slice("skipped/".length)), one);
    }
    return found;
  }

  async recordFailure(id: string, failure: JobFailure): Promise<void> {
    await this.write(id, "failure", bounded(failure));
  }

  /** For a job that has succeeded: a task of it may have failed before it was repeated. */
  async forgetFailure(id: string): Promise<void> {
    const key = keyOf(id, "failure");
    refuseNewer(await this.#store.get(key), originOf(id, "failure"));
    await this.#store.deletePrefix(key);
  }

  async failure(id: string): Promise<JobFailure | undefined> {
    const failure = await this.read(id, "failure", jobFailure);
    return failure && bounded(failure);
  }

  /** The first end that is recorded stands: a job that was published cannot be cancelled any more. */
  async end(id: string, state: JobEnd["state"]): Promise<JobEnd> {
    const own = { state, at: this.#timestamp() };
    if (await this.#createOnce(keyOf(id, "end"), own)) return own;
    return (await this.ended(id)) ?? own;
  }

  /** A task of a job that is over must not write any more: its tables are being removed. @throws JobCancelled */
  async refuseEnded(id: string): Promise<void> {
    const end = await this.ended(id);
    if (end && end.state !== "succeeded")
      throw new DomainError("JobCancelled", `job ${id} has ${pastTense[end.state]}`);
  }

  async ended(id: string): Promise<JobEnd | undefined> {
    return this.read(id, "end", jobEnd);
  }

  async #createOnce(key: string, value: unknown): Promise<boolean> {
    const put = () => this.#store.put(key, encode(value), { ifNoneMatch: "*" });
    return (await unlessRaced(put)) !== undefined;
  }

  /** Of a job's documents, as they are read and written, in a folder of its own. */
  async #names(id: string, folder: string): Promise<string[]> {
    const keys = await this.#store.list(`jobs/${id}/${folder}`);
    return keys.map(({ key }) => key.slice(`jobs/${id}/`.length, -".json".length));
  }

  #timestamp(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

const asksForMore = (input: JobInput) =>
  input.type === "export" ||
  ("fullText" in input && Boolean(input.fullText?.length)) ||
  ("embedding" in input && Boolean(input.embedding));

const pastTense = { cancelled: "been cancelled", failed: "failed" } as const;

/** Also what a state machine says, or was kept before errors were bounded. */
function bounded({ message, issues, ...failure }: JobFailure): JobFailure {
  const shown = issues?.slice(0, limits.maxIssues + 1).map(clippedIssue); // the last may count the others
  return {
    ...failure,
    message: clipped(message, limits.maxDetailLength),
    ...(shown ? { issues: shown } : {}),
  };
}

/** One that is damaged is written anew. @throws anything else */
function ifDamaged(error: unknown): undefined {
  if (!(error instanceof DomainError && error.kind === "EntryDamaged")) throw error;
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
