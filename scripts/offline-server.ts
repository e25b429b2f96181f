import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { delimiter, resolve } from "node:path";
import type { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";

export interface OfflineServer {
  url: string;
  /** What it has printed so far. */
  logs(): string;
  /** Ends it and waits until it has ended; after a while by force. */
  stop(): Promise<void>;
  ended: Promise<unknown>;
  /** Why and after what last lines, once it has ended without having been stopped. */
  died: Promise<Error>;
}

export interface OfflineOptions {
  /** A free one without it, or when it is taken. */
  port?: number;
  environment?: Record<string, string>;
  /** Where its output goes beside `logs()`. */
  log?: Writable;
}

const startTimeoutMs = 60_000;
const stopTimeoutMs = 15_000;
const lastLinesMs = 200;
const lastLines = 15;
const project = resolve(import.meta.dirname, "..");

/** Starts serverless-offline as a child process and waits until it answers. @throws when it does not, with its output */
export async function startOffline({
  port,
  environment = {},
  log,
}: OfflineOptions = {}): Promise<OfflineServer> {
  const [free, lambdaPort, albPort] = await freePorts(3);
  const httpPort = port && (await isFree(port)) ? port : (free ?? 0);
  const child = spawn(
    process.execPath,
    [
      "--import",
      pathToFileURL(resolve(project, "scripts/end-with-parent.ts")).href,
      resolve(project, "node_modules/.bin/serverless"),
      "offline",
      "start",
    ],
    {
      cwd: project,
      detached: true, // a process group of its own, so that all of it can be ended
      stdio: ["ignore", "pipe", "pipe", "pipe"], // the last for end-with-parent.ts
      env: {
        ...process.env,
        PATH: `${resolve(project, "node_modules/.bin")}${delimiter}${process.env["PATH"] ?? ""}`,
        PORT: String(httpPort),
        LAMBDA_PORT: String(lambdaPort),
        ALB_PORT: String(albPort),
        SLS_LOG_LEVEL: "warning", // its notices hold the paths of requests, and so ids
        CONTAINER_MEMORY_MB: "4096", // one process serves all functions, whichever is called first
        ...environment,
      },
    },
  );
  const server = new Offline(child, `http://${reachable(environment)}:${httpPort}`, log);
  await server.ready();
  return server;
}

/** What listens everywhere is reached here. */
function reachable(environment: Record<string, string>): string {
  const host = environment["LAKEHOUSE_HOST"] ?? process.env["LAKEHOUSE_HOST"] ?? "";
  return ["", "0.0.0.0", "::"].includes(host) ? "127.0.0.1" : host;
}

class Offline implements OfflineServer {
  readonly url: string;
  readonly ended: Promise<unknown>;
  readonly died: Promise<Error>;
  readonly #child: ChildProcess;
  #isStopped = false;
  #output = "";

  constructor(child: ChildProcess, url: string, log: Writable | undefined) {
    this.#child = child;
    this.url = url;
    this.ended = once(child, "exit");
    this.died = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        const end = signal ? `signal ${signal}` : `code ${code}`;
        // what it wrote last may still be on its way
        if (!this.#isStopped) setTimeout(() => resolve(this.#deathBy(end)), lastLinesMs);
      });
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output += text;
        for (const line of text.split(/(?<=\n)/)) if (line.startsWith("{")) log?.write(line); // not the banner
      });
  }

  logs(): string {
    return this.#output;
  }

  async ready(): Promise<void> {
    const deadline = Date.now() + startTimeoutMs;
    while (Date.now() < deadline && this.#isRunning()) {
      const answer = await fetch(`${this.url}/health`, { signal: AbortSignal.timeout(5_000) }).catch(
        () => undefined,
      );
      if (answer?.ok) return;
      await sleep(100);
    }
    await this.stop();
    throw new Error(`serverless-offline did not start:\n${this.#output}`);
  }

  #deathBy(end: string): Error {
    const lines = this.#output.trimEnd().split("\n").slice(-lastLines);
    return new Error(`the server ended by itself (${end}); its last lines:\n${lines.join("\n")}`);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      if (!this.#isRunning()) return;
      process.kill(-(this.#child.pid as number), signal);
      await Promise.race([this.ended, sleep(stopTimeoutMs, undefined, { ref: false })]);
    }
  }

  #isRunning(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0)));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}

async function isFree(port: number): Promise<boolean> {
  try {
    const server = await listen(port);
    await new Promise((closed) => server.close(closed));
    return true;
  } catch {
    return false;
  }
}

async function listen(port: number) {
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}
