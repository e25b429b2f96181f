import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { cache, setsFolder } from "./bench-set.ts";

const dataRoot = resolve(cache, "data");

/** An empty lakehouse whose bucket `sets` holds the Parquet. @returns the environment that selects it */
export async function emptyLakehouse(): Promise<Record<string, string>> {
  await rm(dataRoot, { recursive: true, force: true });
  await mkdir(dataRoot, { recursive: true });
  const toml = join(cache, "lakehouse.toml");
  const sets = `[[storage.buckets]]\nname = "sets"\npath = ${JSON.stringify(resolve(setsFolder))}\nread_only = true\n`;
  await writeFile(toml, `[storage]\ndata_root = ${JSON.stringify(dataRoot)}\n${sets}`);
  return { LAKEHOUSE_TOML: resolve(toml), DATA_ROOT: "", RUST_LOG: "error" };
}

export const indexFolder = (index: string) => join(dataRoot, "lance", index);
