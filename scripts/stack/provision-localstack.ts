import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Build, buildOnce } from "./build-once.ts";
import { findPython } from "./find-tools.ts";
import { cacheFolder, project } from "./folders.ts";
import { runCommand } from "./run-command.ts";
import { StackUnavailable } from "./stack-unavailable.ts";

const installTimeoutMs = 10 * 60_000;
const requirements = join(project, "localstack/requirements.txt");
const plugin = join(project, "localstack/node-executor");

export const localstackBuild: Build = {
  name: "localstack",
  pins: [readFileSync(requirements, "utf8")],
  proof: "bin/python",
  build: buildEnvironment,
};

const pluginBuild: Build = {
  name: "node-executor",
  pins: pluginSources(),
  proof: "node_executor/bootstrap.mjs",
  build: installPlugin,
};

export interface Localstack {
  python: string;
  /** A folder for PYTHONPATH: the plugin apart from the packages, so that a change of it takes a second. */
  plugin: string;
}

/** LocalStack's packages, installed by pip on first use (a minute and a half, half a gigabyte), and the plugin. */
export async function provisionLocalstack(): Promise<Localstack> {
  const python = await provisionPython();
  return { python, plugin: await buildOnce(pluginBuild) };
}

async function provisionPython(): Promise<string> {
  return join(await buildOnce(localstackBuild), localstackBuild.proof);
}

async function buildEnvironment(folder: string): Promise<void> {
  const base = await findPython();
  if (!base) throw new StackUnavailable("Python 3.13 is not there");
  await python(base, ["-m", "venv", folder]);
  const pip = ["-m", "pip", "install", "--no-cache-dir", "--quiet", "-r", requirements];
  await python(join(folder, localstackBuild.proof), pip);
}

async function installPlugin(folder: string): Promise<void> {
  const pip = ["-m", "pip", "install", "--no-cache-dir", "--quiet", "--no-deps", "--target", folder, plugin];
  await python(await provisionPython(), pip);
}

async function python(command: string, args: string[]): Promise<void> {
  const tmp = join(cacheFolder, "tmp");
  mkdirSync(tmp, { recursive: true });
  const { PYTHONDONTWRITEBYTECODE: _, PYTHONPATH: __, ...inherited } = process.env; // without .pyc every start takes 4 to 14 s
  await runCommand(
    {
      command,
      args,
      environment: { ...inherited, TMPDIR: tmp, PIP_DISABLE_PIP_VERSION_CHECK: "1" },
      cwd: project,
      log: join(cacheFolder, "logs/build-localstack.log"),
    },
    installTimeoutMs,
  );
}

function pluginSources(): string[] {
  const names = readdirSync(plugin, { recursive: true, encoding: "utf8" }).sort();
  return names
    .filter((name) => /\.(py|mjs|toml)$/.test(name))
    .flatMap((name) => [name, readFileSync(join(plugin, name), "utf8")]);
}
