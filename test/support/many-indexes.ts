import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Container } from "../../lib/container.ts";

export interface ManyIndexesReport {
  failures: string[];
  /** The most that were open at a time. */
  descriptors: number;
  /** After every ten indexes that were searched for the first time. */
  rssMb: number[];
}

/** Copies a published index under the names `many-0`, `many-1`, … */
export async function copyIndex(
  { stores, registry }: Container,
  index: string,
  count: number,
): Promise<void> {
  const { value: entry } = await registry.get(index);
  const store = stores(entry.published?.bucket ?? "");
  const keys = (await store.list(`lance/${index}/`)).map(({ key }) => key);
  for (let i = 0; i < count; i++) {
    for (const key of keys) await store.copy(key, key.replace(`lance/${index}/`, `lance/many-${i}/`));
    await registry.create(`many-${i}`, { ...entry, name: `many-${i}` });
  }
}

/** Searches them in a process that may have so many descriptors and is told of 512 MB. */
export async function searchManyIndexes(
  environment: Record<string, string>,
  options: { descriptors: number; count: number; atATime: number; vector: number[] },
): Promise<ManyIndexesReport> {
  const { descriptors, count, atATime, vector } = options;
  const script = join(import.meta.dirname, "many-indexes-process.ts");
  const command = `ulimit -n ${descriptors}; exec "$0" "$@"`;
  const asked = [String(count), String(atATime), JSON.stringify(vector)];
  const { stdout } = await promisify(execFile)("sh", ["-c", command, process.execPath, script, ...asked], {
    env: { ...process.env, CONTAINER_MEMORY_MB: "512", ...environment },
    timeout: 300_000,
    maxBuffer: 10_000_000,
  });
  return JSON.parse(stdout);
}
