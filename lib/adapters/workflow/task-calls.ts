import type { TaskContext } from "../../domain/task-context.ts";
import { type Machine, tasksByState } from "./machines.ts";

/** Runs a task of a state machine by its name. */
export type CallTask = (task: string, payload: unknown, context: TaskContext) => Promise<unknown>;

/** Calls of tasks under way: a cancelled execution has let go only when they have returned. */
export class TaskCalls {
  readonly #call: CallTask;
  readonly #signal: AbortSignal;
  readonly #open = new Set<Promise<unknown>>();

  constructor(call: CallTask, signal: AbortSignal) {
    this.#call = call;
    this.#signal = signal;
  }

  /** The interpreter overrides Task states by their name. Payloads pass through JSON, as between AWS services. */
  handlersFor(machine: Machine) {
    const entries = Object.entries(tasksByState(machine)).map(([state, task]) => [
      state,
      async (input: unknown) => ({
        StatusCode: 200,
        Payload: await this.#invoke(task, (input as { Payload: unknown }).Payload),
      }),
    ]);
    return Object.fromEntries(entries);
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.#open);
  }

  async #invoke(task: string, payload: unknown): Promise<unknown> {
    this.#signal.throwIfAborted();
    const context = { signal: this.#signal, remainingMs: () => Number.POSITIVE_INFINITY };
    const called = this.#call(task, structuredClone(payload), context);
    this.#open.add(called);
    try {
      return JSON.parse(JSON.stringify((await called) ?? null));
    } finally {
      this.#open.delete(called);
    }
  }
}
