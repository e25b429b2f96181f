import { LRUCache } from "lru-cache";
import { limits } from "../../../config/limits.ts";
import type { GenerationRef, Publication } from "../../../domain/index/index-entry.ts";
import type { Stores } from "../../../domain/object-store.ts";
import { Places } from "../../places.ts";
import { folderOf } from "../files/generation-folder.ts";
import type { LanceConnections } from "../tables/connections.ts";
import { copyToDisk, type DiskCopy } from "./disk-copy.ts";
import { Replica } from "./replica.ts";

export interface ReplicaOptions {
  /** What they are for. */
  kind: "replica" | "index-copy";
  /** Of all replicas together; 0 for none. */
  maxBytes: number;
  /** None is made for which more is to be read. */
  maxReadBytes?: number;
  /** Requests at a time. */
  concurrency: number;
  /** As of CopyOptions. */
  pause?: number;
  /** As of CopyOptions. */
  nearestOnly?: boolean;
  /** Whether the vectors are copied last, and what needs none is read before they are there. */
  vectorsLast?: boolean;
  /** Whether its indexes are read before it is used. */
  warm: boolean;
  /** Another copy of the generation, whose files are linked where there is no earlier replica. */
  beside?: (ref: GenerationRef) => DiskCopy | undefined;
}

/**
 * Versions of generations on this machine's disk, filled behind the requests' backs. A version's files never change, so
 * a replica of the version that a reader is at answers exactly as the store would; one of any other version is not used.
 * The least recently used give way when there is no room.
 */
export class Replicas {
  readonly #connections: LanceConnections;
  readonly #stores: Stores;
  readonly #options: ReplicaOptions;
  readonly #ready: LRUCache<string, Replica> | undefined;
  readonly #filling = new Map<string, Promise<void>>();
  /** Versions that did not fit or could not be copied: not tried again, unless there is more to link now. */
  readonly #given = new LRUCache<string, Given>({ max: limits.maxOpenHandles });
  readonly #closed = new AbortController();
  readonly #places = new Places(limits.replicasFilledAtATime);
  /** Those whose files are still to go. */
  readonly #leaving = new Set<Promise<void>>();

  constructor(connections: LanceConnections, stores: Stores, options: ReplicaOptions) {
    const { maxBytes } = options;
    this.#connections = connections;
    this.#stores = stores;
    this.#options = options;
    if (maxBytes > 0)
      this.#ready = new LRUCache({
        max: limits.maxOpenHandles,
        maxSize: maxBytes,
        sizeCalculation: ({ bytes }) => Math.max(1, bytes),
        dispose: (replica) => this.#retire(replica),
      });
  }

  #retire(replica: Replica): void {
    replica.retire();
    this.#leaving.add(replica.gone);
    void replica.gone.then(() => this.#leaving.delete(replica.gone));
  }

  /** The replica of exactly this version. */
  at(ref: GenerationRef, version: number): Replica | undefined {
    const replica = this.rowsAt(ref, version);
    return replica?.isReady ? replica : undefined;
  }

  /** The same, or one that lacks the vectors (yet): it answers only what needs none. */
  rowsAt(ref: GenerationRef, version: number): Replica | undefined {
    const replica = this.#ready?.get(keyOf(ref));
    return replica?.version === version ? replica : undefined;
  }

  /** The files of whatever version there is. */
  copyOf(ref: GenerationRef): DiskCopy | undefined {
    return this.#ready?.peek(keyOf(ref))?.copy;
  }

  /** Whether a bucket is a folder of this machine, which is as near as a replica. */
  isLocal(bucket: string): boolean {
    return !this.#connections.isRemote(bucket);
  }

  /**
   * Begins to fill one, unless that is under way or is of no use.
   * @param pause shorter where somebody waits for it
   * @returns when it has been filled, or cannot be
   */
  async fill(
    ref: GenerationRef,
    published: Publication,
    version: number,
    pause = this.#options.pause ?? 0,
  ): Promise<void> {
    const key = keyOf(ref);
    const underWay = this.#filling.get(key);
    if (underWay) return underWay;
    if (!this.#ready || this.isLocal(ref.bucket)) return;
    if (this.#closed.signal.aborted || this.#isOfNoUse(ref, version)) return;
    const leave = this.#places.takeFree();
    if (!leave) return; // the next search tries again
    const filling = this.#fill(ref, published, version, pause)
      .catch(() => {
        this.#fellBack(ref, "not-copied");
        this.#giveUp(key, version);
      })
      .then(() => {
        leave();
        this.#filling.delete(key);
      });
    this.#filling.set(key, filling);
    return filling;
  }

  #isOfNoUse(ref: GenerationRef, version: number): boolean {
    const given = this.#given.get(keyOf(ref));
    if (given?.version === version && (given.forGood || !this.#options.beside?.(ref))) return true;
    return this.#ready?.peek(keyOf(ref))?.version === version;
  }

  #giveUp(key: string, version: number, forGood = true): void {
    this.#given.set(key, { version, forGood });
  }

  /** Not what is given up since nobody needs it any more. */
  #fellBack(ref: GenerationRef, reason: "no-room" | "not-copied"): void {
    if (this.#closed.signal.aborted) return;
    this.#connections.fallbacks.of(ref.index).happened(this.#options.kind, reason);
  }

  /** As drop, and this version is not copied again. */
  refuse(ref: GenerationRef, version: number): void {
    this.#giveUp(keyOf(ref), version);
    this.drop(ref);
  }

  /** Not to be used any more: it could not be read, or its generation is closed. */
  drop(ref: GenerationRef): void {
    this.#ready?.delete(keyOf(ref));
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await Promise.all(this.#filling.values());
    this.#ready?.clear();
    await Promise.all(this.#leaving);
  }

  async #fill(ref: GenerationRef, published: Publication, version: number, pause: number): Promise<void> {
    const { maxBytes, maxReadBytes, concurrency, nearestOnly, vectorsLast, warm, beside } = this.#options;
    const other = beside?.(ref);
    const fallbacks = this.#connections.fallbacks.of(ref.index);
    const copy = await copyToDisk(this.#stores(ref.bucket), folderOf(ref), {
      version,
      from: this.copyOf(ref) ?? other,
      maxBytes,
      ...(maxReadBytes === undefined ? {} : { maxReadBytes }),
      concurrency,
      pause,
      ...(nearestOnly ? { nearestOnly } : {}),
      ...(vectorsLast ? { vectorColumn: published.vectorColumn } : {}),
      signal: this.#closed.signal,
      fallbacks,
    });
    if (!copy) {
      this.#fellBack(ref, "no-room");
      return this.#giveUp(keyOf(ref), version, other?.version === version);
    }
    if (!copy.isWhole && !copy.isToBeCompleted) fallbacks.happened("replica", "no-room-for-vectors");
    const replica = await Replica.open(this.#connections, copy, ref, published, version);
    if (!copy.isWhole) this.#ready?.set(keyOf(ref), replica);
    await this.#complete(keyOf(ref), replica, warm);
  }

  /** @throws when its vectors cannot be copied or its indexes cannot be read; its files go then */
  async #complete(key: string, replica: Replica, warm: boolean): Promise<void> {
    try {
      await replica.complete(this.#closed.signal, warm);
    } catch (error) {
      if (replica.isRetired) return; // it gave way meanwhile
      this.#ready?.delete(key);
      this.#retire(replica);
      throw error;
    }
    if (!replica.isRetired) this.#ready?.set(key, replica);
  }
}

interface Given {
  version: number;
  /** Else only until there is another copy whose files can be linked. */
  forGood: boolean;
}

const keyOf = ({ bucket, index, generation }: GenerationRef) => `${bucket} ${index} ${generation}`;
