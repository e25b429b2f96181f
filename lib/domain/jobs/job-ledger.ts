import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { clippedIssue, DomainError } from "../errors.ts";
import { clipped } from "../listed.ts";
import { jobId } from "../names.ts";
import type { ObjectStore } from "../object-store.ts";
import type { SkippedRows } from "../source/parquet-source.ts";
import { entryDamaged, parseStored } from "../stored-json.ts";
import type { Clock } from "../task-context.ts";
import { unlessRaced } from "../unless-raced.ts";
import {
  isSameInput,
  type JobFailure,
  type JobInput,
  jobFailure,
  jobInput,
  type Phase,
  type PhaseName,
  phase,
  skippedRows,
} from "./job.ts";

const jobRecord = z.object({ id: jobId, input: jobInput, createdAt: z.string() });
export type JobRecord = z.infer<typeof jobRecord>;

const jobEnd = z.object({ state: z.enum(["succeeded", "cancelled", "failed"]), at: z.string() });
export type JobEnd = z.infer<typeof jobEnd>;

const byTime = "jobs/by-time/";
const remedy = "restore its objects under jobs in the primary bucket from a backup, or start another job";
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
    const existed = !(await this.#createOnce(`jobs/${id}/job.json`, record));
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
    const record = await this.#read(id, `jobs/${id}/job.json`, jobRecord);
    if (record && record.id !== id) throw entryDamaged(`job "${id}"`, remedy);
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
    return this.#createOnce(`jobs/${id}/${name}.json`, value);
  }

  /** Writes a document of a job, such as how far it is. */
  async write(id: string, name: string, value: unknown): Promise<void> {
    await this.#store.put(`jobs/${id}/${name}.json`, encode(value));
  }

  async read<S extends z.ZodType>(id: string, name: string, schema: S): Promise<z.output<S> | undefined> {
    return this.#read(id, `jobs/${id}/${name}.json`, schema);
  }

  /** Progress of a phase, or of one worker of it. */
  async progress(id: string, name: PhaseName, worker: number, done: Omit<Phase, "name">): Promise<void> {
    await this.write(id, `progress/${name}-${worker}`, { name, ...done });
  }

  /** Every worker's progress. */
  async phases(id: string): Promise<Phase[]> {
    const keys = await this.#store.list(`jobs/${id}/progress/`);
    const read = await Promise.all(keys.map(({ key }) => this.#read(id, key, phase)));
    return read.flatMap((one) => (one ? [one] : []));
  }

  async workerProgress(id: string, name: PhaseName, worker: number): Promise<Phase | undefined> {
    return this.read(id, `progress/${name}-${worker}`, phase);
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
    const folder = `jobs/${id}/skipped/`;
    const found = new Map<number, SkippedRows>();
    for (const { key } of await this.#store.list(folder)) {
      const one = await this.#read(id, key, skippedRows);
      if (one) found.set(Number(key.slice(folder.length, -".json".length)), one);
    }
    return found;
  }

  async recordFailure(id: string, failure: JobFailure): Promise<void> {
    await this.write(id, "failure", bounded(failure));
  }

  /** For a job that has succeeded: a task of it may have failed before it was repeated. */
  async forgetFailure(id: string): Promise<void> {
    await this.#store.deletePrefix(`jobs/${id}/failure.json`);
  }

  async failure(id: string): Promise<JobFailure | undefined> {
    const failure = await this.read(id, "failure", jobFailure);
    return failure && bounded(failure);
  }

  /** The first end that is recorded stands: a job that was published cannot be cancelled any more. */
  async end(id: string, state: JobEnd["state"]): Promise<JobEnd> {
    const own = { state, at: this.#timestamp() };
    if (await this.#createOnce(`jobs/${id}/end.json`, own)) return own;
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

  async #read<S extends z.ZodType>(id: string, key: string, schema: S): Promise<z.output<S> | undefined> {
    const stored = await this.#store.get(key);
    return stored && parseStored(schema, stored.body, `job "${id}"`, remedy);
  }

  #timestamp(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

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

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
