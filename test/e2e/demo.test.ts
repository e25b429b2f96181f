import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const run = promisify(execFile);
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "demo-"));
});

afterAll(() => rm(root, { recursive: true, force: true }));

async function script(name: string, environment: Record<string, string>, until?: RegExp) {
  const child = spawn(process.execPath, [`scripts/${name}.ts`], {
    env: { ...process.env, DATA_ROOT: join(root, "data"), ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 120_000,
  });
  let output = "";
  const exited = once(child, "exit");
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  while (until && child.exitCode === null && !until.test(output)) await once(child.stdout, "data");
  return { child, exited, output: () => output };
}

test("the demo shows the job, the hits, the recall and what comes next, twice in a row", async () => {
  for (const generation of [1, 2]) {
    const demo = await script("demo", {});
    const [code] = await demo.exited;
    expect(demo.output(), `run ${generation}`).toMatch(/load 10,000 of 10,000 rows/);
    expect(demo.output()).toMatch(/missing.*dead.*injured.*trapped.*rescued/);
    expect(demo.output()).toMatch(
      /recall@10 over 100 queries against the exact neighbours: (0\.9[5-9]|1\.0)/,
    );
    expect(demo.output()).toContain("npm run dev");
    expect(code).toBe(0);
  }
}, 180_000);

test("the demo fails with the reason when the job does", async () => {
  const toml = join(root, "empty.toml");
  await writeFile(toml, `[[storage.buckets]]\nname = "examples"\npath = "${root}/nothing"\n`);
  const demo = await script("demo", { LAKEHOUSE_TOML: toml });
  const [code] = await demo.exited;
  expect(code).toBe(1);
  expect(demo.output()).toMatch(
    /The demo failed: job \S+ failed: examples\/words: there is no such file or prefix/,
  );
});

test("the development server prints its routes and a call that works, and ends when it is told to", async () => {
  const dev = await script("dev", {}, /Ctrl-C/);
  const call = /curl (http:\S+\/health)/.exec(dev.output())?.[1] ?? "";
  expect((await fetch(call)).status).toBe(200);
  expect(dev.output()).toContain("POST   /indexes/{index}/search");
  dev.child.kill("SIGTERM");
  expect((await dev.exited)[0]).toBe(0);
  await expect(fetch(call)).rejects.toThrow();
});

test.each([
  ["dev", /Ctrl-C/],
  ["demo", /Migrating/],
])("when its server dies %s says of what, with its last lines, and fails", async (name, until) => {
  const served = await script(name, {}, until);
  const { stdout } = await run("pgrep", ["-P", String(served.child.pid)]);
  for (const server of stdout.trim().split("\n")) process.kill(Number(server), "SIGABRT");
  expect((await served.exited)[0]).toBe(1);
  expect(served.output()).toMatch(/the server ended by itself \(signal SIGABRT\); its last lines:\n.+/);
});
