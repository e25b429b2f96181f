import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { cache, setsFolder } from "./bench-set.ts";

const dataRoot = resolve(cache, "data");

/** The bucket on the object store, where there is one; its endpoint and keys are in the environment. */
export const storeBucket = "s3:bench";
const onStore = `[[storage.buckets]]\nname = "${storeBucket}"\ncredentials = "minio"\n`;

/**
 * An empty lakehouse whose bucket `sets` holds the Parquet.
 * @param store the environment of the object store that holds `s3:bench`, if there is one
 * @returns the environment that selects it
 */
export async function emptyLakehouse(store?: Record<string, string>): Promise<Record<string, string>> {
  await rm(dataRoot, { recursive: true, force: true });
  await mkdir(dataRoot, { recursive: true });
  await mkdir(setsFolder, { recursive: true });
  const toml = join(cache, "lakehouse.toml");
  const sets = `[[storage.buckets]]\nname = "sets"\npath = ${JSON.stringify(resolve(setsFolder))}\nread_only = true\n`;
  const storage = `[storage]\ndata_root = ${JSON.stringify(dataRoot)}\n`;
  await writeFile(toml, storage + sets + (store ? onStore : ""));
  return { LAKEHOUSE_TOML: resolve(toml), DATA_ROOT: "", RUST_LOG: "error", ...store };
}

/** The database of an index in the local folder. */
export const indexFolder = (index: string) => join(dataRoot, "lance", index);
