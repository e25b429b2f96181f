import { cp } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createLakehouse, type Lakehouse } from "./lakehouse.ts";

/** A copy of what an earlier release has written (test/fixtures/README.md), with its Parquet in the bucket `source`. */
export async function copyOfEarlier(release: string): Promise<Lakehouse> {
  const lakehouse = await createLakehouse();
  const fixture = resolve("test/fixtures", `lakehouse-${release}`);
  await cp(join(fixture, "root"), join(lakehouse.root, "data"), { recursive: true });
  await cp(join(fixture, "source"), lakehouse.source, { recursive: true });
  return lakehouse;
}
