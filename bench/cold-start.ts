import { mkdtemp, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { readEnvironment } from "../lib/config/environment.ts";
import { loadBuckets } from "../lib/config/lakehouse.ts";
import { lanceUriFor } from "../lib/domain/bucket.ts";
import type { Metric, SearchDefaults } from "../lib/domain/index/index-entry.ts";
import { publishedOf } from "../lib/domain/index/published.ts";
import { createReaders } from "../lib/readers.ts";
import { functionFiles } from "../scripts/bundle.ts";
import { assembleLayer } from "../scripts/layer.ts";
import { cache } from "./bench-set.ts";
import { writeFiles } from "./bundled-script.ts";
import { runChild } from "./child.ts";

/** Milliseconds of a fresh process. The first answer comes after `total`, of which the steps before it are parts. */
export interface ColdSteps {
  import: number;
  /** The configuration, and the request as far as its first question to the store. */
  container: number;
  registry: number;
  open: number;
  search: number;
  total: number;
  /** Processor time of all that; on a machine that others use, too, the steadier figure. */
  cpu: number;
  second: number;
}

/** What LanceDB alone is told. */
export interface BareTable {
  uri: string;
  table: string;
  storageOptions: Record<string, string>;
  vectorColumn: string;
  metric: Metric;
  settings: SearchDefaults;
}

export interface ColdStarts {
  bare: ColdSteps[];
  bundled: ColdSteps[];
}

const functionsFolder = resolve(cache, "functions");

/**
 * First answers of fresh processes, in turn: of LanceDB alone, and of the bundled search function as Lambda has it.
 * @param environment selects the lakehouse that the index is published in
 * @param storageOptions what LanceDB alone is told of its store
 * @param vectors two queries of the index's dimension
 */
export async function coldStarts({
  environment,
  storageOptions,
  index,
  vectors,
  rounds = 9,
}: {
  environment: Record<string, string>;
  storageOptions: Record<string, string>;
  index: string;
  vectors: number[][];
  rounds?: number;
}): Promise<ColdStarts> {
  const bare = { ...(await bareTable(environment, index)), storageOptions, vectors };
  const bundled = { file: await unpackedSearch(), index, vectors };
  const { modules } = await assembleLayer();
  const onLambda = { ...environment, NODE_PATH: modules, AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "2048" };
  const starts: ColdStarts = { bare: [], bundled: [] };
  for (let round = 0; round <= rounds; round++) {
    const TMPDIR = await mkdtemp(join(resolve(cache), "cold-")); // for replicas
    const one = await runChild<ColdSteps>("cold-bare-child.ts", bare, environment);
    const other = await runChild<ColdSteps>("cold-bundle-child.ts", bundled, { ...onLambda, TMPDIR });
    await rm(TMPDIR, { recursive: true });
    if (round === 0) continue; // files are read from the disk once
    starts.bare.push(one);
    starts.bundled.push(other);
  }
  return starts;
}

/** What LanceDB alone is told of a published index; its store is left to the caller. */
export async function bareTable(
  environment: Record<string, string>,
  index: string,
): Promise<Omit<BareTable, "storageOptions">> {
  const parsed = readEnvironment({ ...process.env, ...environment });
  const readers = createReaders(parsed, loadBuckets(parsed));
  const published = publishedOf((await readers.registry.get(index)).value);
  await readers.close();
  return {
    uri: lanceUriFor(readers.buckets, published.bucket, index),
    table: published.generation,
    vectorColumn: published.vectorColumn,
    metric: published.metric,
    settings: published.unrefinedDefaults ?? published.searchDefaults, // as the handler's first search
  };
}

/** @returns the search function's file, unpacked as Lambda does */
export async function unpackedSearch(): Promise<string> {
  await rm(functionsFolder, { recursive: true, force: true });
  await writeFiles(functionsFolder, await functionFiles());
  return join(functionsFolder, "functions/search.mjs");
}
