import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chooseWay } from "../../scripts/stack/choose-way.ts";
import { endStack } from "../../scripts/stack/end-stack.ts";
import { cacheFolder, runFolders } from "../../scripts/stack/folders.ts";
import { withLock } from "../../scripts/stack/lock.ts";
import { choosePorts } from "../../scripts/stack/ports.ts";
import { endGroup, startGroup } from "../../scripts/stack/process-group.ts";
import { identityOf, isRunning, type ProcessIdentity } from "../../scripts/stack/process-identity.ts";
import { readState, type StackState, writeState } from "../../scripts/stack/stack-state.ts";
import { startStack } from "../../scripts/stack/start-stack.ts";
import { answers, waitUntil } from "../../scripts/stack/wait-until.ts";
import { theStack } from "../support/stack.ts";

let run: string;

beforeEach(() => {
  run = mkdtempSync(join(cacheFolder, "test-"));
});

afterEach(async () => {
  await endStack(run, true);
  rmSync(run, { recursive: true, force: true });
});

test("the tests' stack answers at its three endpoints", async () => {
  const { minio, localstack, http } = theStack().endpoints;
  const urls = [`${minio}/minio/health/ready`, `${localstack}/_localstack/health`, `${http}/health`];
  expect(await Promise.all(urls.map(answers))).toEqual([true, true, true]);
});

test("the tests' stack reads its buckets from MinIO", async () => {
  const { http, minio } = theStack().endpoints;
  const answer = (await (await fetch(`${http}/buckets`)).json()) as { buckets: Record<string, unknown>[] };
  expect(answer.buckets.map(({ name }) => name).sort()).toEqual(["examples", "primary", "source"]);
  expect(theStack().environment).toMatchObject({ AWS_ENDPOINT: minio, WORKFLOW: "stepfunctions" });
});

describe.skipIf(theStack().state.way === "docker")("a stack of processes", () => {
  const pidsOf = (stack: { pids: { minio?: number; localstack?: number } }) => Object.values(stack.pids);

  test("starts once, is repaired, keeps its data, and ends without a trace of what it started", async () => {
    const stack = await startStack({ run, bare: true });
    const { minio, localstack } = stack.pids;
    const again: string[] = [];
    expect((await startStack({ run, bare: true, report: (line) => again.push(line) })).pids).toEqual({
      minio,
      localstack,
    });
    expect(again).toEqual([]);

    process.kill(minio as number, "SIGKILL");
    await waitUntil(() => (stack.pids.minio === undefined ? true : undefined), 5_000);
    const before = stack.endpoints;
    await startStack({ run, bare: true });
    expect(stack.pids.localstack).toBe(localstack);
    expect(stack.pids.minio).not.toBe(minio);
    expect(stack.endpoints).toEqual(before);

    const identities = Object.values(stack.state.processes) as ProcessIdentity[];
    expect(await endStack(run)).toEqual(["minio", "localstack"]);
    expect(identities.filter(isRunning)).toEqual([]);
    const ports = [Number(new URL(before.minio).port), Number(new URL(before.localstack).port)];
    expect(await choosePorts(ports)).toEqual(ports);
    expect(existsSync(join(runFolders(run).minio, "examples/words"))).toBe(true);
    expect(await endStack(run)).toEqual([]);
    await endStack(run, true);
    expect(existsSync(run)).toBe(false);
  });

  test("MinIO can be paused, killed and started again on the same port", async () => {
    const stack = await startStack({ run, bare: true });
    const health = `${stack.endpoints.minio}/minio/health/ready`;
    await stack.pauseMinio();
    expect(await answers(health)).toBe(false);
    await stack.resumeMinio();
    expect(await waitUntil(async () => (await answers(health)) || undefined, 10_000)).toBe(true);
    await stack.killMinio();
    expect(await waitUntil(() => (stack.pids.minio === undefined ? true : undefined), 5_000)).toBe(true);
    await stack.restartMinio();
    expect(await answers(health)).toBe(true);
    await stack.pauseMinio(); // a paused one ends as well
    expect(await endStack(run)).toContain("minio");
  });

  test("two that start the same stack at a time start it once", async () => {
    const stacks = await Promise.all([startStack({ run, bare: true }), startStack({ run, bare: true })]);
    expect(pidsOf(stacks[0])).toHaveLength(2);
    expect(stacks[0].pids).toEqual(stacks[1].pids);
  });

  test("a start that fails leaves nothing running and says what the log said", async () => {
    mkdirSync(run, { recursive: true });
    writeFileSync(runFolders(run).minio, "no folder"); // where MinIO's data should go
    await expect(startStack({ run, bare: true })).rejects.toThrow(
      /minio ended; the last lines of .*minio\.log:\n.*\n/,
    );
    expect(readState(run)).toBeUndefined();
  });
});

describe("the state of a stack", () => {
  const state: StackState = {
    way: "processes",
    ports: { minio: 9000, localstack: 4566, http: 3000 },
    processes: {},
  };

  test("a process that only has the pid of one of ours is left alone", async () => {
    const foreign = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], {
      detached: true,
      stdio: "ignore",
    });
    await once(foreign, "spawn");
    const pid = foreign.pid as number;
    writeState(run, { ...state, processes: { minio: { pid, startedAt: "another time" } } });
    expect(await endStack(run)).toEqual([]);
    expect(identityOf(pid)).toBeDefined();
    expect(readState(run)).toBeUndefined();
    const over = once(foreign, "exit");
    foreign.kill("SIGKILL");
    await over;
  });

  test("a crash half way leaves what is needed to end what was started", async () => {
    const log = join(run, "logs/sleep.log");
    const sleeper = await startGroup({
      command: "sleep",
      args: ["600"],
      environment: process.env,
      cwd: run,
      log,
    });
    writeState(run, { ...state, processes: { localstack: sleeper } });
    writeFileSync(`${runFolders(run).state}.new`, '{"way":'); // the next state was being written
    writeFileSync(runFolders(run).lock, JSON.stringify({ pid: 2_000_000_000, startedAt: "long ago" }));
    expect(await endStack(run)).toEqual(["localstack"]);
    expect(isRunning(sleeper)).toBe(false);
  });

  test("a state that cannot be read is not taken for none", async () => {
    writeFileSync(runFolders(run).state, "{}");
    await expect(endStack(run)).rejects.toThrow(/stack\.json is not a stack's state/);
    rmSync(runFolders(run).state);
  });
});

test("a process that ignores the polite signal is ended all the same, and its children with it", async () => {
  const children = join(run, "children");
  const script = `trap "" TERM; sh -c 'trap "" TERM; echo $$ > ${children}; while :; do sleep 1; done'`;
  const log = join(run, "logs/stubborn.log");
  const stubborn = await startGroup({
    command: "sh",
    args: ["-c", script],
    environment: process.env,
    cwd: run,
    log,
  });
  await waitUntil(() => (existsSync(children) ? true : undefined), 5_000);
  const child = identityOf(Number(readFileSync(children, "utf8")));
  await endGroup(stubborn);
  expect(isRunning(stubborn)).toBe(false);
  expect(child && isRunning(child)).toBe(false);
});

test("a taken port gives a free one, a free one is kept, and none is given twice", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const taken = (server.address() as { port: number }).port;
  const [first, second, third] = await choosePorts([taken, 0, 0]);
  expect(new Set([taken, first, second, third]).size).toBe(4);
  expect(await choosePorts([first as number])).toEqual([first]);
  server.close();
});

test("a lock lets one at a time in, and gives up with its owner's pid", async () => {
  const lock = join(run, "some.lock");
  let inside = 0;
  const enter = () =>
    withLock(lock, 10_000, async () => {
      inside += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(inside).toBe(1);
      inside -= 1;
    });
  await Promise.all([enter(), enter(), enter()]);
  await withLock(lock, 1_000, async () => {
    await expect(withLock(lock, 100, async () => {})).rejects.toThrow(String(process.pid));
  });
});

describe("a machine without what the stack needs", () => {
  const nothing = { docker: false, go: false, python: false };

  test("Docker is enough, and so are Go and Python", () => {
    expect(chooseWay({ ...nothing, docker: true })).toBe("docker");
    expect(chooseWay({ docker: true, go: true, python: true }, true)).toBe("processes");
    expect(() => chooseWay({ ...nothing, docker: true }, true)).toThrow(/^As processes .*go\.dev/s);
    expect(chooseWay({ docker: false, go: true, python: true })).toBe("processes");
  });

  test("what is missing is named, and nothing else", () => {
    expect(() => chooseWay({ ...nothing, go: true })).toThrow(/Python 3\.13 .*PYTHON313/);
    expect(() => chooseWay({ ...nothing, go: true })).not.toThrow(/go\.dev/);
    expect(() => chooseWay(nothing)).toThrow(/go\.dev[\s\S]*Python 3\.13[\s\S]*start Docker/);
  });
});
