import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { compose } from "./containers.ts";
import { endStack } from "./end-stack.ts";
import { runFolders } from "./folders.ts";
import { endGroup, signalGroup } from "./process-group.ts";
import { isRunning, isStopped } from "./process-identity.ts";
import { minioBuild, provisionMinio } from "./provision-minio.ts";
import { type Endpoints, endpointsOf, minioCredentials, stackEnvironment } from "./stack-environment.ts";
import { readState, type StackState, writeState } from "./stack-state.ts";
import { minioHealth, startMinio } from "./start-minio.ts";
import { waitForService } from "./wait-for-service.ts";
import { waitUntil } from "./wait-until.ts";

const pauseTimeoutMs = 5_000;

/** A stack that runs, known by its run folder: any process can have it in hand, also one that did not start it. */
export class Stack {
  readonly run: string;

  constructor(run: string) {
    this.run = run;
  }

  /** @throws when no stack runs there */
  get state(): StackState {
    const state = readState(this.run);
    if (!state) throw new Error(`no stack runs in ${this.run}`);
    return state;
  }

  get endpoints(): Endpoints {
    return endpointsOf(this.state);
  }

  /** MinIO's. */
  get credentials() {
    return minioCredentials;
  }

  /** For a process of ours that is to use this stack. */
  get environment(): Record<string, string> {
    return stackEnvironment(this.endpoints);
  }

  /** minio.log, localstack.log, http.log, deploy.log, and functions/FUNCTION.log of each function. */
  get logs(): string {
    return runFolders(this.run).logs;
  }

  /** Of those that run; in containers there is none but http's. */
  get pids(): { minio?: number; localstack?: number; http?: number } {
    const running = Object.entries(this.state.processes).filter(
      ([, process]) => process && isRunning(process),
    );
    return Object.fromEntries(running.map(([name, process]) => [name, process?.pid]));
  }

  /** The processes that run a function now, to be killed by who wants to see what happens. */
  functionPids(functionName: string): number[] {
    const { localstack } = this.pids;
    if (localstack === undefined) return [];
    const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" }).split("\n");
    const mine = lines
      .map((line) => line.trim().split(/\s+/))
      .filter(([, parent]) => parent === `${localstack}`);
    return mine.filter((words) => words.at(-1) === functionName).map(([pid]) => Number(pid));
  }

  /** Stops MinIO from answering, without its clients' noticing: connections stay open. */
  async pauseMinio(): Promise<void> {
    await this.#signal("SIGSTOP", "pause");
    const { minio } = this.pids;
    if (minio) await waitUntil(() => isStopped(minio) || undefined, pauseTimeoutMs); // it answers until then
  }

  async resumeMinio(): Promise<void> {
    await this.#signal("SIGCONT", "unpause");
  }

  /** As a power cut does. */
  async killMinio(): Promise<void> {
    await this.#signal("SIGKILL", "kill");
  }

  /** Starts MinIO again on the same port and data, ending it if it runs. */
  async restartMinio(): Promise<void> {
    const { state, run } = this;
    if (state.way === "docker") await compose(run, state, ["restart", "minio"]);
    else {
      await endGroup(state.processes.minio);
      state.processes.minio = await startMinio(await provisionMinio(), run, state.ports.minio);
      writeState(run, state);
    }
    await waitForService(minioBuild.name, `${endpointsOf(state).minio}${minioHealth}`, {
      log: join(this.logs, "minio.log"),
      process: state.processes.minio,
    });
  }

  /** Ends everything this stack started. @param purge MinIO's data and the logs as well */
  async stop(purge = false): Promise<void> {
    await endStack(this.run, purge);
  }

  async #signal(signal: NodeJS.Signals, command: string): Promise<void> {
    const { state } = this;
    if (state.way === "docker") await compose(this.run, state, [command, "minio"]);
    else if (state.processes.minio) signalGroup(state.processes.minio, signal);
  }
}
