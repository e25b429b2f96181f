import { LRUCache } from "lru-cache";
import { limits } from "../../../config/limits.ts";
import type { GenerationRef } from "../../../domain/index/index-entry.ts";
import type { Stores } from "../../../domain/object-store.ts";
import { Places } from "../../places.ts";
import { folderOf } from "../files/generation-folder.ts";
import type { Opening } from "../opening/opening.ts";
import type { LaterVersion } from "../reading/store-table.ts";
import type { LanceConnections } from "../tables/connections.ts";
import type { Copy } from "./copy.ts";
import { isKind } from "./disk-errors.ts";
import { roomFor } from "./disk-room.ts";
import { GivenUp } from "./given-up.ts";
import { PartialCopy } from "./partial-copy.ts";
import { Replica } from "./replica.ts";
import { copyOptionsOf, type ReplicaOptions } from "./replica-options.ts";
import { keyOf, type Wanted } from "./wanted.ts";

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
  readonly #opening = new Map<string, Promise<void>>();
  readonly #filling = new Map<string, Promise<void>>();
  readonly #following = new Map<string, Promise<boolean>>();
  readonly #givenUp = new GivenUp();
  readonly #closed = new AbortController();
  readonly #places = new Places(limits.replicasFilledAtATime);
  /** Those whose files are still to go. */
  readonly #leaving = new Set<Promise<void>>();

  constructor(connections: LanceConnections, stores: Stores, options: ReplicaOptions) {
    this.#connections = connections;
    this.#stores = stores;
    this.#options = options;
    if (options.maxBytes > 0)
      this.#ready = new LRUCache({
        max: limits.maxOpenHandles,
        maxSize: options.maxBytes,
        sizeCalculation: ({ bytes }) => Math.max(1, bytes),
        dispose: (replica) => this.#retire(replica),
      });
  }

  #retire(replica: Replica, isFollowed = false): void {
    replica.retire(isFollowed);
    this.#leaving.add(replica.gone);
    void replica.gone.then(() => this.#leaving.delete(replica.gone));
  }

  /** The replica of exactly this version. */
  at(ref: GenerationRef, version: number): Replica | undefined {
    const replica = this.openAt(ref, version);
    return replica?.isReady ? replica : undefined;
  }

  /** The same, or one that lacks something (yet): a whole generation the vectors, an index some partitions. */
  openAt(ref: GenerationRef, version: number): Replica | undefined {
    const replica = this.#ready?.get(keyOf(ref));
    return replica?.version === version ? replica : undefined;
  }

  /** The files of whatever version there is. */
  copyOf(ref: GenerationRef): Copy | undefined {
    return this.#ready?.peek(keyOf(ref))?.copy;
  }

  /** Whether a bucket is a folder of this machine, which is as near as a replica. */
  isLocal(bucket: string): boolean {
    return !this.#connections.isRemote(bucket);
  }

  /**
   * Goes on to a later version of a generation whose copy is at an earlier one: what that has more is fetched, and nothing else.
   * @returns whether there is one of the later version now
   */
  async follow(ref: GenerationRef, later: LaterVersion): Promise<boolean> {
    const key = keyOf(ref);
    await this.#following.get(key);
    const replica = this.#ready?.get(key);
    if (replica?.version === later.version) return true;
    if (!replica || replica.version > later.version || this.#following.has(key)) return false;
    const following = this.#follow(ref, replica, later)
      .catch((error) => {
        this.#fellBack(ref, isKind("StoreFull", error) ? "no-room" : "not-copied");
        return false;
      })
      .finally(() => this.#following.delete(key));
    this.#following.set(key, following);
    return following;
  }

  /** From another where one has taken its place meanwhile, which was filled behind an answer. */
  async #follow(ref: GenerationRef, replica: Replica, later: LaterVersion): Promise<boolean> {
    const key = keyOf(ref);
    const table = { store: this.#stores(ref.bucket), folder: folderOf(ref) };
    for (let from: Replica | undefined = replica; from && from.version < later.version; ) {
      const next = await from.at(later, table, this.#options.maxBytes);
      if (!next) return false;
      const now = this.#closed.signal.aborted ? undefined : this.#ready?.peek(key);
      if (now === from) {
        this.#retire(from, true);
        this.#ready?.set(key, next);
      } else this.#retire(next);
      from = now === from ? next : now;
    }
    return this.openAt(ref, later.version) !== undefined;
  }

  /** Opens one that lacks parts. @returns when it is open, or cannot be had in parts */
  async open(wanted: Wanted): Promise<void> {
    const { ref, version, opening } = wanted;
    if (!this.#options.inParts || opening?.version !== version || this.#isOfNoUse(wanted)) return;
    if (this.#givenUp.hasParts(ref)) return;
    await this.#once(this.#opening, wanted, () => this.#open(wanted, opening));
  }

  /** @returns when one has been filled, or cannot be */
  async fill(wanted: Wanted): Promise<void> {
    await this.open(wanted);
    const replica = this.openAt(wanted.ref, wanted.version);
    if (replica?.isToBeCompleted)
      await this.#once(this.#filling, wanted, () => this.#complete(wanted, replica));
    else if (!this.#isOfNoUse(wanted)) await this.#once(this.#filling, wanted, () => this.#fill(wanted));
  }

  /** Unless it is under way; not where all places are taken: the next search tries again. */
  async #once(underWay: Map<string, Promise<void>>, { ref, version }: Wanted, work: () => Promise<void>) {
    const key = keyOf(ref);
    const before = underWay.get(key);
    if (before) return before;
    const leave = this.#places.takeFree();
    if (!leave) return;
    const done = work()
      .catch((error) => {
        this.#fellBack(ref, isKind("StoreFull", error) ? "no-room" : "not-copied");
        this.#givenUp.add(ref, version);
      })
      .then(() => {
        leave();
        underWay.delete(key);
      });
    underWay.set(key, done);
    return done;
  }

  #isOfNoUse({ ref, version }: Wanted): boolean {
    if (!this.#ready || this.isLocal(ref.bucket) || this.#closed.signal.aborted) return true;
    if (this.#givenUp.has(ref, version, () => this.#options.beside?.(ref) !== undefined)) return true;
    return this.#ready.peek(keyOf(ref))?.version === version;
  }

  /** Not what is given up since nobody needs it any more. */
  #fellBack(ref: GenerationRef, reason: "no-room" | "not-copied"): void {
    if (this.#closed.signal.aborted) return;
    this.#connections.fallbacks.of(ref.index).happened(this.#options.kind, reason);
  }

  /** As drop, and this version is not copied again. */
  refuse(ref: GenerationRef, version: number): void {
    this.#givenUp.add(ref, version);
    this.drop(ref);
  }

  /** Not to be used any more: it could not be read, or its generation is closed. */
  drop(ref: GenerationRef): void {
    this.#ready?.delete(keyOf(ref));
  }

  /** The opening of a generation is of another: it is copied without. */
  refuseOpening(ref: GenerationRef): void {
    this.#givenUp.addParts(ref);
    this.drop(ref);
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await Promise.all([...this.#opening.values(), ...this.#filling.values(), ...this.#following.values()]);
    this.#ready?.clear();
    await Promise.all(this.#leaving);
  }

  async #open({ ref, published }: Wanted, opening: Opening): Promise<void> {
    const { concurrency, pause = 0 } = this.#options;
    const of = { published, room: await roomFor(this.#options.maxBytes), pace: { concurrency, pause } };
    const copy = await PartialCopy.open(this.#stores(ref.bucket), folderOf(ref), opening, of).catch(
      (error) => {
        const reason = isKind("StoreFull", error) ? "no-room" : "layout-unknown";
        this.#connections.fallbacks.of(ref.index).happened("partial-copy", reason);
        this.#givenUp.addParts(ref);
      },
    );
    if (copy) this.#ready?.set(keyOf(ref), new Replica(this.#connections, copy, ref, published));
  }

  async #fill(wanted: Wanted): Promise<void> {
    const { ref, published, version } = wanted;
    const other = this.#options.beside?.(ref);
    const copy = await this.#copied(wanted, other);
    if (!copy) {
      this.#fellBack(ref, "no-room");
      return this.#givenUp.add(ref, version, other?.version === version);
    }
    const replica = await new Replica(this.#connections, copy, ref, published).opened();
    if (!copy.isWhole) this.#keep(ref, replica);
    await this.#complete(wanted, replica);
  }

  async #copied(wanted: Wanted, other: Copy | undefined) {
    const { ref } = wanted;
    const { copyToDisk } = await import("./disk-copy.ts"); // which no search needs that has an opening
    return copyToDisk(this.#stores(ref.bucket), folderOf(ref), {
      ...copyOptionsOf(this.#options, wanted),
      from: this.copyOf(ref) ?? other,
      signal: this.#closed.signal,
      fallbacks: this.#connections.fallbacks.of(ref.index),
    });
  }

  /**
   * Where the store fails what is there stays, and the rest comes behind a later answer.
   * @throws when it cannot be copied or its indexes cannot be read for another reason; its files go then
   */
  async #complete({ ref, pause }: Wanted, replica: Replica): Promise<void> {
    const key = keyOf(ref);
    try {
      await replica.complete(this.#closed.signal, this.#options.warm, pause);
    } catch (error) {
      if (replica.isRetired) return; // it gave way meanwhile
      if (isKind("StoreUnavailable", error) && !replica.copy.isWhole)
        return this.#fellBack(ref, "not-copied");
      this.#ready?.delete(key);
      this.#retire(replica);
      throw error;
    }
    if (!replica.isReady)
      this.#connections.fallbacks.of(ref.index).happened("replica", "no-room-for-vectors");
    if (!replica.isRetired) this.#keep(ref, replica);
  }

  /** Unless another has gone on to a later version meanwhile. */
  #keep(ref: GenerationRef, replica: Replica): void {
    const { version = 0 } = this.#ready?.peek(keyOf(ref)) ?? {};
    if (version > replica.version) this.#retire(replica);
    else this.#ready?.set(keyOf(ref), replica);
  }
}
