import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chooseWay, findTools, type Way } from "./choose-way.ts";
import { compose } from "./containers.ts";
import { buildLayer, deploy } from "./deploy.ts";
import { endProcesses } from "./end-stack.ts";
import { fillBuckets } from "./fill-buckets.ts";
import { developmentRun, runFolders } from "./folders.ts";
import { withLock } from "./lock.ts";
import { choosePorts } from "./ports.ts";
import { endGroup } from "./process-group.ts";
import { isRunning, type ProcessIdentity } from "./process-identity.ts";
import { provisionLocalstack } from "./provision-localstack.ts";
import { provisionMinio } from "./provision-minio.ts";
import { Stack } from "./stack.ts";
import { endpointsOf } from "./stack-environment.ts";
import { readState, type StackState, writeState } from "./stack-state.ts";
import { httpHealth, startHttp } from "./start-http.ts";
import { localstackHealth, startLocalstack } from "./start-localstack.ts";
import { minioHealth, startMinio } from "./start-minio.ts";
import { waitForService } from "./wait-for-service.ts";
import { answers, waitUntil } from "./wait-until.ts";

const portTimeoutMs = 2_000; // of who has just ended
const lockTimeoutMs = 20 * 60_000; // another process may be provisioning

export type Ports = StackState["ports"];

export interface StackOptions {
  /** Its own folder; without it, that of `npm run stack`. */
  run?: string;
  /** Wanted ones; a taken one, or 0, gives a free one. */
  ports?: Ports;
  /** MinIO and LocalStack alone, with nothing deployed. */
  bare?: boolean;
  /** As processes even where a Docker engine answers. */
  processes?: boolean;
  /** What happens, a line at a time. */
  report?: (line: string) => void;
}

/**
 * Starts what does not run yet of a stack: MinIO with its buckets, LocalStack with the functions and state machines,
 * and the HTTP API. What was started keeps running after this process, until `stop`.
 * @throws StackUnavailable when this machine cannot have one; nothing is left running after any error
 */
export async function startStack({
  run = developmentRun,
  ports = { minio: 0, localstack: 0, http: 0 },
  bare = false,
  processes = false,
  report = () => {},
}: StackOptions = {}): Promise<Stack> {
  const way = readState(run)?.way ?? chooseWay(await findTools(), processes);
  return withLock(runFolders(run).lock, lockTimeoutMs, async () => {
    try {
      const state = await stateToReach(run, way, ports);
      if (Object.keys(state.processes).length === 0) report(ways[state.way]);
      await new StackStart(run, state, report).reach(bare);
      return new Stack(run);
    } catch (error) {
      await endProcesses(run);
      throw error;
    }
  });
}

const ways: Record<Way, string> = {
  docker: "A Docker engine answers: MinIO and LocalStack run as containers.",
  processes: "No Docker engine answers: MinIO and LocalStack run as processes of this machine.",
};

/** That of before where it can be repaired; a port that somebody else took meanwhile makes it another stack. */
async function stateToReach(run: string, way: Way, wanted: Ports): Promise<StackState> {
  mkdirSync(run, { recursive: true });
  const before = readState(run);
  if (before && (await canKeepPorts(before))) return before;
  if (before) await endProcesses(run);
  const [minio = 0, localstack = 0, http = 0] = await choosePorts([
    wanted.minio,
    wanted.localstack,
    wanted.http,
  ]);
  return { way, ports: { minio, localstack, http }, processes: {} };
}

async function canKeepPorts({ way, ports, processes }: StackState): Promise<boolean> {
  if (way === "docker") return true;
  const gone = (["minio", "localstack", "http"] as const).filter((name) => {
    const process = processes[name];
    return process && !isRunning(process);
  });
  const needed = gone.map((name) => ports[name]);
  const free = async () => (await choosePorts(needed)).every((port, i) => port === needed[i]) || undefined;
  return (await waitUntil(free, portTimeoutMs)) === true;
}

/** One way from the state there is to a stack that runs; the state is kept as it goes. */
class StackStart {
  readonly #run: string;
  readonly #state: StackState;
  readonly #report: (line: string) => void;

  constructor(run: string, state: StackState, report: (line: string) => void) {
    this.#run = run;
    this.#state = state;
    this.#report = report;
  }

  /** Independent steps at a time; all of them are over before one's error is thrown. */
  async reach(bare: boolean): Promise<void> {
    writeState(this.#run, this.#state);
    const containers = this.#state.way === "docker" ? this.#containers(bare) : undefined;
    await allOf([
      this.#minio(containers),
      this.#localstack(containers).then(() => (bare ? undefined : this.#deploy())),
      bare ? undefined : this.#ensure("http", httpHealth, () => startHttp(this.#run, this.#state)),
    ]);
  }

  /** The layer first: its folder is mounted. */
  async #containers(bare: boolean): Promise<void> {
    if (!bare) await this.#timed("layer", () => buildLayer(this.#run));
    await this.#timed("containers", () =>
      compose(this.#run, this.#state, ["up", "--detach", "--build", "--wait"]),
    );
  }

  async #minio(containers: Promise<void> | undefined): Promise<void> {
    const fill = () => this.#timed("buckets", () => fillBuckets(endpointsOf(this.#state).minio));
    if (containers) return this.#answering("minio", minioHealth, containers).then(fill);
    const binary = await this.#timed("MinIO's binary", provisionMinio);
    const start = () => startMinio(binary, this.#run, this.#state.ports.minio);
    if (await this.#ensure("minio", minioHealth, start)) await fill();
  }

  async #localstack(containers: Promise<void> | undefined): Promise<void> {
    if (containers) return this.#answering("localstack", localstackHealth, containers);
    const packages = await this.#timed("LocalStack's packages", provisionLocalstack);
    await this.#ensure("localstack", localstackHealth, () =>
      startLocalstack(packages, this.#run, this.#state.ports.localstack),
    );
  }

  async #answering(name: keyof Ports, health: string, started: Promise<void>): Promise<void> {
    await started;
    await waitForService(name, this.#urlOf(name, health), { log: this.#logOf("compose") });
  }

  /** Leaves alone what runs and answers; what runs and does not is ended and started again. @returns whether it was started */
  async #ensure(name: keyof Ports, health: string, start: () => Promise<ProcessIdentity>): Promise<boolean> {
    const url = this.#urlOf(name, health);
    const before = this.#state.processes[name];
    if (before && isRunning(before) && (await answers(url))) return false;
    await endGroup(before);
    await this.#timed(name, async () => {
      this.#state.processes[name] = await start();
      writeState(this.#run, this.#state);
      await waitForService(name, url, { log: this.#logOf(name), process: this.#state.processes[name] });
    });
    return true;
  }

  /** Once for each LocalStack: it forgets its functions when it ends. */
  async #deploy(): Promise<void> {
    const endpoints = endpointsOf(this.#state);
    const session = await sessionOf(endpoints.localstack);
    if (this.#state.deployedTo === session) return;
    await allOf([
      this.#timed("layer", () => buildLayer(this.#run)),
      this.#timed("functions and state machines", () => deploy(this.#run, endpoints)),
    ]);
    this.#state.deployedTo = session;
    writeState(this.#run, this.#state);
  }

  async #timed<T>(what: string, run: () => Promise<T>): Promise<T> {
    const started = performance.now();
    const result = await run();
    const seconds = (performance.now() - started) / 1_000;
    if (seconds >= 0.1) this.#report(`${what}: ${seconds.toFixed(1)} s`);
    return result;
  }

  #urlOf(name: keyof Ports, health: string): string {
    return `${endpointsOf(this.#state)[name]}${health}`;
  }

  #logOf(name: string): string {
    return join(runFolders(this.#run).logs, `${name}.log`);
  }
}

async function sessionOf(localstack: string): Promise<string> {
  const response = await fetch(`${localstack}/_localstack/info`, { signal: AbortSignal.timeout(10_000) });
  return ((await response.json()) as { session_id: string }).session_id;
}

async function allOf(steps: (Promise<unknown> | undefined)[]): Promise<void> {
  const ends = await Promise.allSettled(steps);
  const failed = ends.find((end) => end.status === "rejected");
  if (failed) throw failed.reason;
}
