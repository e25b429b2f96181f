import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { unpackRelease } from "../../scripts/release/unpack-release.ts";

const lifeMs = 400_000;
const requestMs = 60_000;

export interface Answered {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: each release has its own schemas, and what is common is looked at
  body: any;
}

/** What a release says that it cannot read of what this one writes (test/releases/releases.json). */
export interface KnownRelease {
  release: string;
  needsNewer: string[];
}

/** The release that is upgraded from: the newest kept one, or the packed one that UPGRADE_FROM names. */
export async function previousRelease(): Promise<KnownRelease & { folder: string }> {
  const asked = process.env["UPGRADE_FROM"];
  const known = JSON.parse(readFileSync("test/releases/releases.json", "utf8")) as KnownRelease[];
  const newest = known.at(-1) as KnownRelease;
  const packed = asked ?? join("test/releases", `${newest.release}.tar.br`);
  return { ...newest, folder: await unpackRelease(readFileSync(packed)) };
}

/** This release, as it lies here. */
export const thisRelease = resolve(".");

/** A process that serves a release's functions, and runs its jobs. */
export class ReleaseHost {
  readonly #url: string;
  readonly #child: ReturnType<typeof fork>;
  readonly #exited: Promise<unknown>;
  readonly #key: string;

  private constructor(port: number, child: ReturnType<typeof fork>, key: string) {
    this.#url = `http://127.0.0.1:${port}`;
    this.#child = child;
    this.#exited = once(child, "exit");
    this.#key = key;
  }

  /** @param key sent with each request */
  static async start(folder: string, environment: Record<string, string>, key: string): Promise<ReleaseHost> {
    const child = fork(join(import.meta.dirname, "release-host.ts"), [folder], {
      cwd: folder,
      execArgv: [],
      env: { ...process.env, ...environment },
      timeout: lifeMs,
      killSignal: "SIGKILL",
    });
    const [told] = await Promise.race([once(child, "message"), once(child, "exit")]);
    if (typeof told?.port !== "number") throw new Error(`the release in ${folder} did not start: ${told}`);
    return new ReleaseHost(told.port, child, key);
  }

  async ask(
    method: string,
    path: string,
    body?: unknown,
    more: Record<string, string> = {},
  ): Promise<Answered> {
    const response = await fetch(this.#url + path, {
      method,
      headers: { "content-type": "application/json", "x-api-key": this.#key, ...more },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(requestMs),
    });
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : undefined };
  }

  /** Waits until a job is over. */
  async jobEnded(id: string, timeoutMs = 100_000): Promise<Answered> {
    for (const deadline = Date.now() + timeoutMs; ; await sleep(50)) {
      const answer = await this.ask("GET", `/jobs/${id}`);
      if (answer.body?.state !== "running") return answer;
      if (Date.now() > deadline) throw new Error(`job ${id} was not over after ${timeoutMs} ms`);
    }
  }

  /** Without warning. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }
}

/** The first key of a lakehouse, made by a release's own `npm run keys`. */
export async function firstKey(folder: string, environment: Record<string, string>): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["scripts/keys.ts", "create", "--name", "root", "--admin"],
    { cwd: folder, env: { ...process.env, ...environment }, timeout: requestMs },
  );
  return JSON.parse(stdout).key;
}
