import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { parse, stringify } from "smol-toml";
import { project } from "../stack/folders.ts";

export const stageFolder = (stage: string) => join(project, "dist/stages", stage);

/**
 * The file that says where a stage's data is: the caller's own, which has to have the bucket as `primary`, or one of the
 * bucket alone. @returns its path from the project's folder
 */
export function stageLakehouse(
  { stage, region, bucket, lakehouse }: { stage: string; region: string; bucket: string; lakehouse?: string },
  endpoint: string | undefined,
): string {
  if (lakehouse !== undefined) return checked(lakehouse, bucket);
  const file = join(stageFolder(stage), "lakehouse.toml");
  const primary = { name: "primary", backend: "s3", bucket, region, ...(endpoint ? { endpoint } : {}) };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${stringify({ storage: { buckets: [primary] } })}\n`);
  return relative(project, file);
}

function checked(given: string, bucket: string): string {
  const file = relative(project, resolve(project, given));
  if (file.startsWith("..") || isAbsolute(file))
    throw new Error(`--lakehouse is a file in the project, as it goes with the functions, not ${given}`);
  if (!existsSync(resolve(project, file))) throw new Error(`--lakehouse names ${given}, which is not there`);
  const declared = parse(readFileSync(resolve(project, file), "utf8")) as {
    storage?: { buckets?: { name?: string; bucket?: string }[] };
  };
  const primary = declared.storage?.buckets?.find(({ name }) => name === "primary");
  if (primary?.bucket !== bucket)
    throw new Error(
      `${file} has ${primary?.bucket ?? "no bucket of S3"} as primary, and --bucket is ${bucket}`,
    );
  createRequire(import.meta.url)("../../deploy/provider-rights.cjs").declaredIn(file);
  return file;
}
