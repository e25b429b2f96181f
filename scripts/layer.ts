import { execFileSync } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { relative, resolve, sep } from "node:path";
import { parseArgs } from "node:util";
import { type Arch, layerModule } from "./bundle/layer-modules.ts";
import { type InstalledPackage, runtimePackages } from "./bundle/runtime-packages.ts";
import { zipFiles } from "./bundle/zip-files.ts";

const project = resolve(import.meta.dirname, "..");

/** Of which is most of what runs it: the others' names say for what they are. */
const usual: Arch = "x64";
const pathOf = (arch: Arch) => resolve(project, `dist/layer${arch === usual ? "" : `-${arch}`}`);

/** Lambda's limit for a function and its layers, unzipped; the functions' own zip takes 8 MB of it. */
const maxUnzippedBytes = 250 * 1_048_576 - 10 * 1_048_576;

export interface Layer {
  /** Holds `nodejs/node_modules`, as a layer's zip does. */
  folder: string;
  /** What NODE_PATH has to name where the layer is not under /opt. */
  modules: string;
  bytes: number;
  /** Whether it was there already. */
  kept: boolean;
}

/**
 * Assembles the Lambda layer with LanceDB's native addon from the project's node_modules. Does nothing when the same
 * version is there already.
 * @throws when it is not installed, or the layer is larger than Lambda takes
 */
export async function assembleLayer(arch: Arch = usual): Promise<Layer> {
  const packages = await runtimePackages(project, [layerModule(arch)]);
  const versions = packages.map(({ path, version }) => `${path} ${version}`);
  const folder = pathOf(arch);
  const layer = { folder, modules: resolve(folder, "nodejs/node_modules") };
  const kept = await standing(folder, versions);
  if (kept !== undefined) return { ...layer, bytes: kept, kept: true };
  await rm(folder, { recursive: true, force: true });
  for (const one of packages) await copyPackage(one, folder);
  strip(resolve(layer.modules, layerModule(arch), `lancedb.linux-${arch}-gnu.node`));
  const bytes = await bytesUnder(folder);
  refuseTooLarge(bytes);
  await writeFile(`${folder}.json`, JSON.stringify({ versions, bytes }, null, 2));
  return { ...layer, bytes, kept: false };
}

export interface LayerZip {
  path: string;
  bytes: number;
  /** Of its bytes, in hexadecimal. */
  sha256: string;
}

/** Zips the layer that was assembled, as Lambda takes it, unless that was done before. */
export async function zipLayer(arch: Arch = usual): Promise<LayerZip> {
  const folder = pathOf(arch);
  const path = `${folder}.zip`;
  if (!(await isNewer(path, `${folder}.json`))) await writeZip(folder, path);
  const zip = await readFile(path);
  return { path, bytes: zip.length, sha256: createHash("sha256").update(zip).digest("hex") };
}

async function isNewer(path: string, than: string): Promise<boolean> {
  return existsSync(path) && (await stat(path)).mtimeMs > (await stat(than)).mtimeMs;
}

/** Whole or not at all: it is written aside and renamed. */
async function writeZip(folder: string, path: string): Promise<void> {
  const names = await filesUnder(folder);
  const files = names.map(
    async (name) => [relative(folder, name).replaceAll(sep, "/"), await readFile(name)] as const,
  );
  const aside = `${path}.${randomUUID()}`;
  await writeFile(aside, zipFiles(new Map(await Promise.all(files)), 6)); // 9 takes twice as long for half a percent
  await rename(aside, path);
}

/** Its size, if what was assembled last holds the same versions. */
async function standing(folder: string, versions: string[]): Promise<number | undefined> {
  const stampFile = `${folder}.json`;
  if (!existsSync(folder) || !existsSync(stampFile)) return undefined;
  const stamp = JSON.parse(await readFile(stampFile, "utf8")) as { versions: string[]; bytes: number };
  return stamp.versions.join() === versions.join() ? stamp.bytes : undefined;
}

async function copyPackage({ path }: InstalledPackage, folder: string): Promise<void> {
  const from = resolve(project, path);
  const nested = resolve(from, "node_modules");
  await mkdir(resolve(folder, "nodejs"), { recursive: true });
  await cp(from, resolve(folder, "nodejs", path), { recursive: true, filter: (source) => source !== nested });
}

/** Symbols that only a debugger reads are a sixth of the file. Without the tool they stay: the layer still fits. */
function strip(file: string): void {
  try {
    execFileSync("strip", ["--strip-unneeded", file], { stdio: ["ignore", "ignore", "pipe"] });
  } catch (error) {
    console.warn(`not stripped: ${error instanceof Error ? error.message : error}`);
  }
}

function refuseTooLarge(bytes: number): void {
  if (bytes <= maxUnzippedBytes) return;
  throw new Error(
    `the layer has ${mb(bytes)} unzipped; Lambda takes 250 MB of a function and its layers, so ${mb(maxUnzippedBytes)} of this one. Is \`strip\` (binutils) installed?`,
  );
}

async function bytesUnder(path: string): Promise<number> {
  const sizes = await Promise.all((await filesUnder(path)).map(async (name) => (await stat(name)).size));
  return sizes.reduce((total, size) => total + size, 0);
}

async function filesUnder(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => resolve(entry.parentPath, entry.name));
}

const mb = (bytes: number) => `${(bytes / 1_048_576).toFixed(1)} MB`;

if (process.argv[1] === import.meta.filename) {
  const started = performance.now();
  const { values } = parseArgs({
    options: { zip: { type: "boolean" }, arch: { type: "string", default: usual } },
  });
  const arch = values.arch as Arch;
  if (!["x64", "arm64"].includes(arch)) throw new Error(`--arch is x64 or arm64, not ${arch}`);
  const { folder, bytes, kept } = await assembleLayer(arch);
  const zipped = values.zip ? await zipLayer(arch) : undefined;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const name = relative(project, folder);
  console.log(`${name}: ${mb(bytes)} of ${mb(maxUnzippedBytes)}${kept ? ", unchanged" : ""}, ${seconds} s`);
  if (zipped) console.log(`${name}.zip: ${mb(zipped.bytes)}`);
}
