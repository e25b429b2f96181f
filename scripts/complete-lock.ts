import { readFileSync, writeFileSync } from "node:fs";

interface Locked {
  version?: string;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  resolved?: string;
  optionalDependencies?: Record<string, string>;
}

/**
 * Completes the lock file with the native packages of other platforms. A registry that mirrors only some of them makes
 * `npm install` leave the others out, and `npm ci` then refuses the file. An entry for another platform is never
 * fetched; on its platform it is fetched by name and version. Where packages come from is not written down.
 */
const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as { packages: Record<string, Locked> };
const added: string[] = [];
for (const [path, entry] of Object.entries(lock.packages)) {
  delete entry.resolved;
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const platform = /(darwin|linux|win32|android)-(arm64|x64)(?:-(musl|gnu|msvc))?$/.exec(name);
    if (!platform || isLocked(path, name)) continue;
    const [, os = "", cpu = "", abi] = platform;
    const libc = abi === "musl" ? ["musl"] : abi === "gnu" ? ["glibc"] : undefined;
    lock.packages[`node_modules/${name}`] = {
      version,
      optional: true,
      os: [os],
      cpu: [cpu],
      ...(libc ? { libc } : {}),
    };
    added.push(name);
  }
}
writeFileSync("package-lock.json", `${JSON.stringify(lock, null, 2)}\n`);
console.log(added.length === 0 ? "The lock file is complete." : `Added: ${added.join(", ")}`);

function isLocked(path: string, name: string): boolean {
  return `node_modules/${name}` in lock.packages || `${path}/node_modules/${name}` in lock.packages;
}
