import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { layerModule } from "../bundle/layer-modules.ts";
import { bundledModules } from "../bundle.ts";

const project = resolve(import.meta.dirname, "../..");

/** The packages of which something is deployed, as `name@version`: bundled into a function, copied beside it, or in a layer, which needs no others. */
export async function deployedPackages(): Promise<Set<string>> {
  const folders = new Set((await bundledModules()).flatMap((path) => folderOf(path) ?? []));
  folders.add("node_modules/parquet-wasm"); // whose WebAssembly lies beside the bundles
  const bundled = await Promise.all([...folders].map(identityOf));
  const { version } = await manifestOf("node_modules/@lancedb/lancedb");
  const layers = (["x64", "arm64"] as const).map((arch) => `${layerModule(arch)}@${version}`);
  return new Set([...bundled, ...layers]);
}

/** The innermost package that a module lies in. */
const folderOf = (path: string) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];

async function identityOf(folder: string): Promise<string> {
  const { name, version } = await manifestOf(folder);
  return `${name}@${version}`;
}

async function manifestOf(folder: string): Promise<{ name: string; version: string }> {
  return JSON.parse(await readFile(resolve(project, folder, "package.json"), "utf8"));
}
