import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { limits } from "../../config/limits.ts";
import type { ErrorKind } from "../../domain/error-table.ts";
import { asDomainError } from "../../domain/errors.ts";
import type { ExecutionState, Workflow } from "../../domain/jobs/workflow.ts";
import type { ObjectStore } from "../../domain/object-store.ts";
import { needsNewer } from "../../domain/stored/stored-json.ts";
import type { Clock } from "../../domain/task-context.ts";
import { isAlive } from "../is-alive.ts";
import { type ExecutionRecord, ExecutionRecords } from "./execution-records.ts";
import { interpret } from "./interpret.ts";
import type { Machine } from "./machines.ts";
import { type CallTask, TaskCalls } from "./task-calls.ts";

/** One line about an execution that cannot go on as it should: its name and what about it. */
export type LogExecution = (name: string, what: string, error: unknown) => void;

interface Running {
  abort: AbortController;
  ended: Promise<void>;
}

/**
 * Runs the state machines in this process, with aws-local-stepfunctions. What Step Functions keeps for its executions
 * is kept in the primary bucket: any process can ask, cancel, and take over an execution whose process died. It then
 * starts from the first state; every task finds what it has already done.
 */
export class EmbeddedWorkflow implements Workflow {
  readonly #records: ExecutionRecords;
  readonly #machines: Record<string, Machine>;
  readonly #call: CallTask;
  readonly #clock: Clock;
  readonly #running = new Map<string, Running>();
  /** Names that this process is about to run or runs: set before anything is awaited, so that none runs twice. */
  readonly #held = new Set<string>();
  /** Ends that could not be written, for want of room or of a store: told from here until they are. */
  readonly #unwritten = new Map<string, Partial<ExecutionRecord>>();
  readonly #closing = new AbortController();
  readonly #log: LogExecution;
  readonly #refuseNewer: (name: string) => Promise<void>;
  readonly #owner = { host: hostname(), pid: process.pid, process: randomUUID() };

  constructor(options: {
    store: ObjectStore;
    machines: Record<string, Machine>;
    call: CallTask;
    clock: Clock;
    log: LogExecution;
    /** Before an execution is taken over. @throws NeedsNewerRelease when its job is to be left alone */
    refuseNewer: (name: string) => Promise<void>;
  }) {
    this.#records = new ExecutionRecords(options.store);
    this.#machines = options.machines;
    this.#call = options.call;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#refuseNewer = options.refuseNewer;
  }

  async start(name: string, machine: string, input: unknown): Promise<void> {
    const now = this.#clock.now();
    const record: ExecutionRecord = {
      name,
      machine,
      input,
      status: "running",
      startedAt: new Date(now).toISOString(),
      owner: this.#owner,
      beatAt: now,
      takeovers: 0,
      settled: false,
    };
    await this.#hold(name, async () => ((await this.#records.create(record)) ? record : undefined));
    await this.describe(name);
  }

  /** Runs what `take` takes, unless this process has it already. */
  async #hold(name: string, take: () => Promise<ExecutionRecord | undefined>): Promise<void> {
    if (this.#held.has(name)) return;
    this.#held.add(name);
    try {
      const taken = await take();
      if (taken) this.#run(taken);
    } finally {
      if (!this.#running.has(name)) this.#held.delete(name);
    }
  }

  async describe(name: string): Promise<ExecutionState | undefined> {
    const read = await this.#records.read(name);
    if (!read) return undefined;
    const unwritten = this.#unwritten.get(name);
    if (unwritten) return stateOf({ ...read.record, ...unwritten });
    if (!this.#isOrphan(read.record)) return stateOf(read.record);
    await this.#refuseNewer(name);
    await this.#hold(name, () => this.#takeOver(name));
    const taken = await this.#records.read(name);
    return taken && stateOf(taken.record);
  }

  async stop(name: string): Promise<void> {
    const cancel = (record: ExecutionRecord) =>
      record.status === "running" ? { status: "cancelled" as const, endedAt: this.#timestamp() } : undefined;
    await this.#records.update(name, cancel);
    this.#running.get(name)?.abort.abort();
    const deadline = this.#clock.now() + limits.cancelWaitMs;
    while (this.#clock.now() < deadline) {
      const read = await this.#records.read(name);
      if (read?.record.status !== "cancelled" || read.record.settled || this.#isDead(read.record)) return;
      await sleep(50);
    }
  }

  /** Takes over what processes that died have left; one that is damaged is a line in the log. */
  async resume(): Promise<void> {
    for (const name of await this.#records.running(this.#clock.now()))
      await this.describe(name).catch((error) => this.#log(name, "is not resumed", error));
  }

  /** Waits until the executions of this process have ended; an end that cannot be written is left to the next process. */
  async close(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
    this.#closing.abort();
  }

  #isOrphan(record: ExecutionRecord): boolean {
    return record.status === "running" && this.#isDead(record);
  }

  /** Known at once for a process of this host; of another after it has been silent. */
  #isDead({ name, owner, beatAt }: ExecutionRecord): boolean {
    if (this.#isOwn({ owner })) return !this.#held.has(name);
    if (owner.host === this.#owner.host && !isAlive(owner.pid)) return true;
    return this.#clock.now() - beatAt > limits.orphanedAfterMs;
  }

  #isOwn({ owner }: Pick<ExecutionRecord, "owner">): boolean {
    return owner.process === this.#owner.process;
  }

  async #takeOver(name: string): Promise<ExecutionRecord | undefined> {
    const updated = await this.#records.update(name, (record) =>
      record.status === "running" && (this.#isOwn(record) || this.#isDead(record))
        ? { owner: this.#owner, beatAt: this.#clock.now(), takeovers: record.takeovers + 1 }
        : undefined,
    );
    return updated?.changed ? updated.record : undefined;
  }

  #run(record: ExecutionRecord): void {
    const abort = new AbortController();
    const ended = this.#execute(record, abort).then((unwritten) => {
      this.#running.delete(record.name);
      if (unwritten) this.#endLater(record, unwritten).catch(() => undefined);
      else this.#held.delete(record.name);
    });
    this.#running.set(record.name, { abort, ended });
  }

  /** Never throws: nobody would hear it. @returns an end that could not be written */
  async #execute(
    record: ExecutionRecord,
    abort: AbortController,
  ): Promise<Partial<ExecutionRecord> | undefined> {
    const beat = setInterval(
      () => void this.#beat(record.name, abort).catch((error) => needsNewer(error) && abort.abort()),
      limits.heartbeatMs,
    );
    beat.unref();
    const tasks = new TaskCalls(this.#call, abort.signal);
    const end = await interpret(this.#machines[record.machine], record, tasks, abort.signal);
    const isLeft = end.error === ("NeedsNewerRelease" satisfies ErrorKind);
    if (isLeft) this.#log(record.name, "is left to a newer release", new Error(end.cause));
    const isWritten = isLeft || (await this.#isEnded(record.name, end));
    clearInterval(beat);
    await tasks.settled();
    if (!isLeft) await this.#records.update(record.name, () => ({ settled: true })).catch(() => undefined);
    return isWritten ? undefined : end;
  }

  /** @returns whether that is written, or for a newer release to write */
  async #isEnded(name: string, end: Partial<ExecutionRecord>): Promise<boolean> {
    try {
      await this.#end(name, end);
      return true;
    } catch (error) {
      this.#log(name, "cannot write how it ended", error);
      return needsNewer(error);
    }
  }

  /** Again and again until there is room, and then what the job has built goes, too. */
  async #endLater({ name, input }: ExecutionRecord, end: Partial<ExecutionRecord>): Promise<void> {
    this.#unwritten.set(name, { ...end, endedAt: this.#timestamp() });
    const { signal } = this.#closing;
    do await sleep(limits.endAgainMs, undefined, { signal, ref: false });
    while (!(await this.#hasEnded(name, input, end)));
    this.#unwritten.delete(name);
    this.#held.delete(name);
  }

  /** @returns false as long as the store does not take it */
  async #hasEnded(name: string, input: unknown, end: Partial<ExecutionRecord>): Promise<boolean> {
    const payload = { jobId: name, input, error: { Error: end.error, Cause: end.cause } };
    const context = { signal: this.#closing.signal, remainingMs: () => Number.POSITIVE_INFINITY };
    try {
      if (end.status === "failed") await this.#call("discard", payload, context);
      await this.#end(name, end);
    } catch (error) {
      if (isOfTheStore(error)) return false;
      this.#log(name, "cannot be ended", error);
    }
    return true;
  }

  async #end(name: string, changes: Partial<ExecutionRecord>): Promise<void> {
    const endedAt = this.#timestamp();
    await this.#records.update(name, (record) =>
      record.status === "running" ? { ...changes, endedAt } : undefined,
    );
  }

  /** Says that this process is alive, and hears that another cancelled. @throws NeedsNewerRelease when one has taken it over */
  async #beat(name: string, abort: AbortController): Promise<void> {
    const updated = await this.#records.update(name, (record) =>
      record.status === "running" && record.owner.process === this.#owner.process
        ? { beatAt: this.#clock.now() }
        : undefined,
    );
    if (!updated?.changed && !abort.signal.aborted) abort.abort();
  }

  #timestamp(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

/** Where trying again helps, some time. */
function isOfTheStore(error: unknown): boolean {
  const { kind } = asDomainError(error);
  return kind === "StoreFull" || kind === "StoreUnavailable";
}

function stateOf({ status, endedAt, error, cause }: ExecutionRecord): ExecutionState {
  return { status, ...(status === "running" ? {} : { endedAt }), error, cause };
}
