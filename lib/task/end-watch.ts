import { limits } from "../config/limits.ts";
import { DomainError } from "../domain/errors.ts";
import type { JobLedger } from "../domain/jobs/job-ledger.ts";

/**
 * Tells a task that its job was ended elsewhere: nothing else does, where a workflow service stops an execution but not
 * the function it called.
 */
export class EndWatch {
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(ledger: JobLedger, job: string) {
    let looking = false;
    const look = async () => {
      if (looking) return;
      looking = true;
      await ledger.refuseEnded(job).catch((error) => this.#heard(error));
      looking = false;
    };
    this.#timer = setInterval(() => void look(), limits.endWatchMs);
    this.#timer.unref();
  }

  /** A store that does not answer says nothing about the job. */
  #heard(error: unknown): void {
    if (error instanceof DomainError && error.kind === "JobCancelled") this.#abort.abort(error);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
