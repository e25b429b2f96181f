import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";

const answerTimeoutMs = 60_000;

/** A process that is stopped whenever nobody waits for its answer, as Lambda freezes a container. */
export class FrozenProcess {
  readonly #child: ChildProcess;

  /** @param script of this folder, which answers each message with one */
  constructor(script: string, environment: Record<string, string>) {
    this.#child = fork(resolve(import.meta.dirname, script), [], {
      env: { ...process.env, ...environment },
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
  }

  /** Thaws it until it has answered. @throws when it does not answer in time */
  async ask<T>(message: object): Promise<T> {
    this.#child.kill("SIGCONT");
    const answered = once(this.#child, "message", { signal: AbortSignal.timeout(answerTimeoutMs) });
    this.#child.send(message);
    const [answer] = await answered;
    this.#child.kill("SIGSTOP");
    return answer as T;
  }

  async end(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }
}
