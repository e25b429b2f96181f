import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";

const timeoutMs = 90_000;

test(
  "the development server that is killed takes what it serves with it",
  async () => {
    const data = await mkdtemp(join(tmpdir(), "dev-server-"));
    const url = `http://127.0.0.1:${await freePort()}`;
    const env = { ...process.env, PORT: new URL(url).port, DATA_ROOT: data };
    const parent = spawn(process.execPath, ["scripts/dev.ts"], { env, stdio: "ignore", timeout: timeoutMs });
    try {
      expect(await becomes(url, true)).toBe(true);
      const killed = once(parent, "exit");
      parent.kill("SIGKILL");
      await killed;
      expect(await becomes(url, false)).toBe(true);
    } finally {
      parent.kill("SIGKILL");
      await rm(data, { recursive: true, force: true });
    }
  },
  timeoutMs,
);

/** @returns false when it does not in time */
async function becomes(url: string, served: boolean): Promise<boolean> {
  const deadline = Date.now() + timeoutMs / 2;
  while (Date.now() < deadline) {
    const answers = await fetch(`${url}/health`, { signal: AbortSignal.timeout(5_000) }).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answers === served) return true;
    await sleep(100);
  }
  return false;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  await new Promise((closed) => server.close(closed));
  return port;
}
