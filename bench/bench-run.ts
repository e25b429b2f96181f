import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AskedIndexType } from "../lib/domain/index/index-entry.ts";
import { indexFolder, storeBucket } from "./bench-lakehouse.ts";
import { type BenchOptions, isPeered } from "./bench-options.ts";
import { benchSet, cache, type Layout } from "./bench-set.ts";
import type { BenchStore } from "./bench-store.ts";
import { runChild } from "./child.ts";
import { PylancePeer } from "./pylance-peer.ts";
import type { Migrated } from "./results.ts";

/** Queries that the exact neighbours are found for at a time, and that share a filter. */
export const exactBatch = 20;

/** One run: its lakehouse, and what more than one section needs of it, made once. */
export class BenchRun {
  readonly options: BenchOptions;
  readonly environment: Record<string, string>;
  /** The object store of a run with `--stack`. */
  readonly store: BenchStore | undefined;
  readonly #migrated = new Map<AskedIndexType, Promise<Migrated>>();

  constructor(options: BenchOptions, environment: Record<string, string>, store?: BenchStore) {
    this.options = options;
    this.environment = environment;
    this.store = store;
  }

  /** Where what is measured lies: the object store in a run with `--stack`. */
  get bucket(): string {
    return this.store ? storeBucket : "primary";
  }

  /** The database of an index in that bucket. */
  uriOf(index: string): string {
    return this.store?.uriOf(`lance/${index}`) ?? indexFolder(index);
  }

  /** The peer in Python, where the report has one. */
  async peer(): Promise<PylancePeer | undefined> {
    return isPeered(this.options) ? PylancePeer.start(this.store) : undefined;
  }

  /** A script of this folder in a process of its own. */
  child<T>(script: string, input: object, begin?: () => Promise<void>): Promise<T> {
    return runChild<T>(script, input, this.environment, begin);
  }

  /** The source of a migration: the set in the local folder. */
  async source(layout: Layout = this.options.layout): Promise<string> {
    const { rows, dimension } = this.options;
    return `sets/${await this.step(`set ${layout}`, () => benchSet(rows, layout, dimension))}`;
  }

  /** The published index of a type, migrated at the first use. */
  async migrated(type: AskedIndexType): Promise<{ index: string; migrated: Migrated }> {
    const index = type.toLowerCase().replace("_", "-");
    if (!this.#migrated.has(type)) this.#migrated.set(type, this.migrate(index, { indexType: type }));
    return { index, migrated: (await this.#migrated.get(type)) as Migrated };
  }

  /** Migrates the set. @param more of the job's input */
  async migrate(index: string, more: object): Promise<Migrated> {
    const source = await this.source();
    return this.step(`${index}: migrate`, () =>
      this.child<Migrated>("migrate-child.ts", { index, source, ...more }),
    );
  }

  /** Exact neighbours, found once a set: the rows are the same under every index. @returns the file that holds them */
  async exactNeighbours(index: string, queries: number, filtered = false): Promise<string> {
    const { rows, dimension } = this.options;
    const kind = filtered ? "filtered" : "all";
    const path = join(cache, `exact-v2-${rows}x${dimension}-${queries}-${kind}.json`);
    if (existsSync(path)) return path;
    const input = { index, queries, dimension, filtered, batch: exactBatch };
    const found = await this.step(`exact neighbours (${kind})`, () =>
      this.child<string[][]>("exact-child.ts", input),
    );
    await mkdir(cache, { recursive: true });
    await writeFile(path, JSON.stringify(found));
    return path;
  }

  /** Says what takes how long. */
  async step<T>(name: string, work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    const result = await work();
    const seconds = (performance.now() - started) / 1_000;
    if (seconds >= 0.1) console.log(`${name}: ${seconds.toFixed(1)} s`);
    return result;
  }
}
