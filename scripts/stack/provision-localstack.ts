import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Build, buildOnce } from "./build-once.ts";
import { project } from "./folders.ts";
import { pythonEnvironment, runPython } from "./python-environment.ts";

const plugin = join(project, "localstack/node-executor");

export const localstackBuild = pythonEnvironment("localstack", join(project, "localstack/requirements.txt"));

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

async function installPlugin(folder: string): Promise<void> {
  const pip = ["-m", "pip", "install", "--no-cache-dir", "--quiet", "--no-deps", "--target", folder, plugin];
  await runPython("localstack", await provisionPython(), pip);
}

function pluginSources(): string[] {
  const names = readdirSync(plugin, { recursive: true, encoding: "utf8" }).sort();
  return names
    .filter((name) => /\.(py|mjs|toml)$/.test(name))
    .flatMap((name) => [name, readFileSync(join(plugin, name), "utf8")]);
}
