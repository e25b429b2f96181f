import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { limits } from "../../../config/limits.ts";
import { DomainError } from "../../../domain/errors.ts";
import { type Fallbacks, unobserved } from "../../../domain/fallbacks.ts";
import type { GenerationRef } from "../../../domain/index/index-entry.ts";
import type { ObjectStore, Stores } from "../../../domain/object-store.ts";
import { type IndexPart, indexParts } from "../../../domain/search/reader.ts";
import { LocalStore } from "../../store/local-store.ts";
import { folderOf } from "../files/generation-folder.ts";
import type { IndexWords } from "../files/index-words.ts";
import { manifestKey } from "../files/manifest-name.ts";
import { fragmentsWithoutText, unindexedRows } from "../files/unindexed-rows.ts";
import { manifestIn } from "../opening/opening.ts";
import type { KnownWords } from "../reading/known-words.ts";
import type { KnownTable, LaterVersion, LaterVersions } from "../reading/store-table.ts";
import type { LanceConnections } from "../tables/connections.ts";
import { findLaterIn } from "./find-later.ts";
import { Replicas } from "./replicas.ts";
import type { Wanted } from "./wanted.ts";

/** What this machine's disk holds of generations in object stores, and what is done behind the answers. */
export class LocalCopies {
  /** Whole generations. */
  readonly replicas: Replicas;
  /** Their indexes, until there is a whole one. */
  readonly indexes: Replicas;
  readonly fallbacks: Fallbacks;
  readonly #stores: Stores;
  readonly #behind = new Set<Promise<void>>();
  #indexWords: IndexWords | undefined;

  constructor(replicas: Replicas, indexes: Replicas, stores: Stores, fallbacks = unobserved) {
    this.#stores = stores;
    this.fallbacks = fallbacks;
    this.replicas = replicas;
    this.indexes = indexes;
  }

  /** What is known of a table whose copy can be searched while it is filled. @param open of the table in its store */
  async knownTable(wanted: Wanted, open: KnownTable["open"]): Promise<KnownTable | undefined> {
    const { ref, version, published, opening } = wanted;
    await this.replicas.open(wanted);
    if (!opening || !this.replicas.openAt(ref, version)) return undefined;
    const refuse = () => {
      this.fallbacks.of(ref.index).happened("opening", "of-another-table");
      this.replicas.refuseOpening(ref);
    };
    return { version, columns: published.columns, manifest: manifestIn(opening), open, refuse };
  }

  /** The parts of a version that are there, in whichever copy; undefined where there is nothing to copy. */
  partsOnDisk(ref: GenerationRef, version: number): IndexPart[] | undefined {
    if (this.replicas.isLocal(ref.bucket)) return undefined;
    const copies = [this.replicas.copyOf(ref), this.indexes.copyOf(ref)];
    const there = copies.flatMap((copy) => (copy?.version === version ? copy.parts : []));
    return indexParts.filter((part) => there.includes(part));
  }

  laterVersionsOf(ref: GenerationRef): LaterVersions {
    const findLater = findLaterIn(this.#stores(ref.bucket), folderOf(ref));
    return { findLater, follow: (later) => this.#follow(ref, later) };
  }

  /** How many rows of a version no index of this kind on a column holds; undefined where its manifest does not tell, or cannot be read. */
  async unindexedRows(
    ref: GenerationRef,
    version: number,
    column: string,
    kind: "text" | "other" = "other",
  ): Promise<number | undefined> {
    try {
      const manifest = await this.#manifestOf(ref, version);
      return manifest && unindexedRows(manifest, column, kind);
    } catch {
      return undefined; // which no search fails for
    }
  }

  /** What is known of the words of a version; no fragment is told to be without them where that cannot be told. */
  async knownWords(ref: GenerationRef, version: number, columns: string[]): Promise<KnownWords> {
    const manifest = await this.#manifestOf(ref, version).catch(() => undefined);
    const beginningWith = async (column: string, beginning: string, atMost: number) => {
      if (!manifest)
        throw new DomainError("StoreUnavailable", `the manifest of version ${version} is not there`);
      const { IndexWords } = await import("../files/index-words.ts"); // which no other search needs
      this.#indexWords ??= new IndexWords();
      const words = this.#indexWords;
      const name = `${ref.bucket}/${folderOf(ref)}`;
      const from = (store: ObjectStore, folder: string) =>
        words.beginningWith({ store, folder, name, manifest }, column, beginning, atMost);
      const stored = () => from(this.#stores(ref.bucket), folderOf(ref));
      const copy = this.replicas.copyOf(ref);
      if (copy?.version !== version || !copy.parts.includes("rows")) return stored();
      return from(new LocalStore(copy.folder), `${ref.generation}.lance/`).catch(stored); // a copy may go meanwhile
    };
    return { unheld: manifest ? unheldBy(manifest, columns) : [], beginningWith };
  }

  async #manifestOf(ref: GenerationRef, version: number): Promise<Uint8Array | undefined> {
    const copy = this.replicas.copyOf(ref);
    if (copy?.version !== version)
      return (await this.#stores(ref.bucket).get(manifestKey(folderOf(ref), version)))?.body;
    return readFile(join(copy.folder, manifestKey(`${ref.generation}.lance/`, version)));
  }

  async #follow(ref: GenerationRef, later: LaterVersion): Promise<boolean> {
    const done = await Promise.all([this.replicas, this.indexes].map((one) => one.follow(ref, later)));
    return done.includes(true);
  }

  /** Lets work go on behind an answer about an index; when it fails it is tried again behind the next. */
  behind(index: string, work: Promise<void>): void {
    const ended = work
      .catch(() => this.fallbacks.of(index).happened("warm-behind", "failed"))
      .then(() => {
        this.#behind.delete(ended);
      });
    this.#behind.add(ended);
  }

  /** Waits until nothing is done behind an answer. */
  async idle(): Promise<void> {
    await Promise.all(this.#behind);
  }

  async close(): Promise<void> {
    await Promise.all([this.replicas.close(), this.indexes.close()]);
    await this.idle();
  }
}

function unheldBy(manifest: Uint8Array, columns: string[]): number[] {
  try {
    return fragmentsWithoutText(manifest, columns);
  } catch {
    return []; // which no search fails for
  }
}

/**
 * Whole generations, filled behind the first answers, their vectors last, and of generations the vector index, which rows
 * are deleted, the manifest. A few large reads get these before the first answer, where a search
 * would read each partition by itself (bench/NOTES.md). What one of the two has of a generation the other links.
 *
 *   first answer ── index copied, rows of the hits from the store
 *   behind it    ── all but the vectors copied: hits by the index, their rows from disk
 *   then         ── vectors copied, indexes read: the replica answers everything
 * @param maxBytes of all replicas together; 0 for none
 */
export function localCopies(connections: LanceConnections, stores: Stores, maxBytes: number): LocalCopies {
  const replicas: Replicas = new Replicas(connections, stores, {
    kind: "replica",
    maxBytes,
    concurrency: limits.replicaConcurrency,
    pause: limits.replicaPause,
    inParts: true,
    vectorsLast: true,
    warm: true,
    beside: (ref) => indexes.copyOf(ref),
  });
  const indexes = new Replicas(connections, stores, {
    kind: "index-copy",
    maxBytes: Math.floor(maxBytes * limits.indexReplicasShare),
    maxReadBytes: limits.indexReplicaMaxBytes,
    concurrency: limits.diskCopyConcurrency,
    nearestOnly: true,
    warm: false,
    beside: (ref) => replicas.copyOf(ref),
  });
  return new LocalCopies(replicas, indexes, stores, connections.fallbacks);
}
