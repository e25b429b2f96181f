import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";

export interface InstalledPackage {
  name: string;
  version: string;
  /** From the project's folder, such as `node_modules/tslib`. */
  path: string;
}

interface Manifest {
  name: string;
  version: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

/**
 * The installed packages that `names` need at run time, themselves included, each once.
 * @throws naming a package that is needed and not installed
 */
export async function runtimePackages(
  project: string,
  names: readonly string[],
): Promise<InstalledPackage[]> {
  const found = new Map<string, InstalledPackage>();
  const follow = async (name: string, from: string): Promise<void> => {
    const folder = installedIn(project, name, from);
    const path = relative(project, folder);
    if (found.has(path)) return;
    const manifest = JSON.parse(await readFile(resolve(folder, "package.json"), "utf8")) as Manifest;
    found.set(path, { name, version: manifest.version, path });
    for (const needed of Object.keys(manifest.dependencies ?? {})) await follow(needed, folder);
  };
  for (const name of names) await follow(name, project);
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The nearest `node_modules` upwards that has it, as Node.js looks it up. */
function installedIn(project: string, name: string, from: string): string {
  for (let folder = from; folder.startsWith(project); folder = dirname(folder)) {
    const candidate = resolve(folder, "node_modules", name);
    if (existsSync(resolve(candidate, "package.json"))) return candidate;
  }
  const cpu = /linux-(\w+)/.exec(name)?.[1] ?? "x64";
  throw new Error(
    `${name} is not installed; the layer is made of what npm installs for its processor: npm ci --os=linux --cpu=${cpu}`,
  );
}
