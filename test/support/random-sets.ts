import { join } from "node:path";
import { expect } from "vitest";
import type { Container } from "../../lib/container.ts";
import type { Metric } from "../../lib/domain/index/index-entry.ts";
import { runJob } from "./lakehouse.ts";
import { writeParquetFile } from "./parquet-files.ts";
import { seededRandom } from "./seeded-random.ts";

/** Vectors without any structure, which codes tell apart badly: what is tried first by who wants to see it run. */
export interface RandomSet {
  kind: "normal" | "uniform";
  dimension: number;
  rows: number;
  metric: Metric;
}

export const nameOf = ({ kind, dimension, rows, metric }: RandomSet) =>
  `${rows} ${kind} vectors of ${dimension} by ${metric}`;

/** Migrates it as nobody has thought about it, but for what is given. @returns what is published */
export async function migrated(
  { container, source }: { container: Container; source: string },
  set: RandomSet,
  more: object = {},
  timeoutMs = 60_000,
) {
  await writeSet(source, set);
  const input = { type: "migrate", index: "random", source: "source/random", metric: set.metric, ...more };
  const job = await runJob(container, input, timeoutMs);
  expect(job.error).toBeNull();
  const { published } = (await container.registry.get("random")).value;
  if (!published) throw new Error("nothing was published");
  return published;
}

/** To where `source/random` is. */
export const writeSet = (source: string, set: RandomSet) =>
  writeParquetFile(join(source, "random/part.parquet"), rowsOf(set));

function rowsOf({ kind, dimension, rows }: RandomSet) {
  const random = seededRandom(dimension * rows);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const value = kind === "normal" ? normal : random;
  return Array.from({ length: rows }, (_, row) => ({
    doc_id: `r${row}`,
    vector: Array.from({ length: dimension }, value),
  }));
}
