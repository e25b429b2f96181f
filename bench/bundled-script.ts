import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { bundle, decoderFiles, decodeWorker } from "../scripts/bundle.ts";
import { assembleLayer } from "../scripts/layer.ts";
import { cache } from "./bench-set.ts";

export interface BundledScript {
  path: string;
  /** What it finds the layer by. */
  environment: Record<string, string>;
}

/** A script of this folder bundled as functions are, with what decodes Parquet beside it. */
export async function bundledScript(name: string): Promise<BundledScript> {
  const folder = resolve(cache, "bundled", name);
  await rm(folder, { recursive: true, force: true });
  const out = `functions/${name}`;
  const { files } = await bundle([{ in: `bench/${name}.ts`, out }, decodeWorker]);
  await writeFiles(folder, [...files, ...(await decoderFiles())]);
  const { modules } = await assembleLayer();
  return { path: join(folder, `${out}.mjs`), environment: { NODE_PATH: modules } };
}

/** @param files by their paths in the folder */
export async function writeFiles(folder: string, files: Iterable<[string, Uint8Array]>): Promise<void> {
  for (const [name, bytes] of files) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
}
