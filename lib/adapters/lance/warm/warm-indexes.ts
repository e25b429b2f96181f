import { limits } from "../../../config/limits.ts";
import { DomainError } from "../../../domain/errors.ts";
import type { GenerationRef, IndexEntry, Publication } from "../../../domain/index/index-entry.ts";
import type { IndexRegistry } from "../../../domain/index/index-registry.ts";
import { publishedOf } from "../../../domain/index/published.ts";
import type { Freshness } from "../../../domain/search/freshness.ts";
import type { ReadGate } from "../../../domain/search/read-gate.ts";
import type { Lease, WarmIndexes } from "../../../domain/search/reader.ts";
import type { Clock } from "../../../domain/task-context.ts";
import { Places } from "../../places.ts";
import { isGone, lanceCall } from "../lance-errors.ts";
import type { Opening } from "../opening/opening.ts";
import type { StoredOpenings } from "../opening/stored-openings.ts";
import { GatedReader } from "../reading/gated-reader.ts";
import { LanceReader } from "../reading/lance-reader.ts";
import { type OpenTable, StoreTable } from "../reading/store-table.ts";
import type { LocalCopies } from "../replicas/local-copies.ts";
import { ReplicatedReader } from "../replicas/replicated-reader.ts";
import type { LanceConnections } from "../tables/connections.ts";
import { isBefore, notReached } from "./freshness.ts";
import { Handle, type Opened, OpenGeneration } from "./index-handle.ts";

/**
 * The indexes this container has open.
 *
 * A handle is as fresh as the start of its last look at the registry and the table. A request says how fresh it needs
 * it: strong, from its own start; eventual, a few seconds before, or what the index allows; by a version, from its own
 * start where the handle is at an earlier one. Whoever finds the handle older joins the look under way or starts one, so
 * that fifty cold requests open once. The wall clock is used: a Lambda that was frozen for an hour wakes with handles
 * that are an hour old.
 */
export class LanceWarmIndexes implements WarmIndexes {
  readonly #registry: IndexRegistry;
  readonly #connections: LanceConnections;
  readonly #clock: Clock;
  readonly #stalenessMs: number;
  readonly #copies: LocalCopies | undefined;
  readonly #openings: StoredOpenings | undefined;
  readonly #gate: ReadGate | undefined;
  /** The least recently used first. */
  readonly #handles = new Map<string, Handle>();
  readonly #adding = new Map<string, Promise<void>>();
  readonly #places: Places;

  constructor(options: {
    registry: IndexRegistry;
    connections: LanceConnections;
    clock: Clock;
    stalenessMs?: number;
    maxHandles?: number;
    /** Without them everything is read from its store. */
    copies?: LocalCopies;
    /** Without them first searches read more, one after the other. */
    openings?: StoredOpenings;
    /** Without it, reads begin when they are asked for. */
    gate?: ReadGate;
  }) {
    this.#gate = options.gate;
    this.#copies = options.copies;
    this.#openings = options.openings;
    this.#registry = options.registry;
    this.#connections = options.connections;
    this.#clock = options.clock;
    this.#stalenessMs = options.stalenessMs ?? limits.eventualStalenessMs;
    this.#places = new Places(options.maxHandles ?? options.connections.maxOpenIndexes);
  }

  async use<T>(index: string, freshness: Freshness, work: (lease: Lease) => Promise<T>): Promise<T> {
    try {
      return await this.#attempt(index, freshness, work);
    } catch (error) {
      // Its files went away under an open handle: dropped or replaced a moment ago. A second look tells which.
      if (!isGone(error)) throw error;
      return this.#attempt(index, { ...freshness, consistency: "strong" }, work);
    }
  }

  /** Again when the handle was given up between the look and its use. */
  async #attempt<T>(index: string, freshness: Freshness, work: (lease: Lease) => Promise<T>): Promise<T> {
    const started = performance.now();
    for (;;) {
      const handle = await this.#enter(index);
      try {
        const { opened, ...seen } = await this.#look(handle, freshness);
        if (opened)
          return await opened.use((lease) =>
            work({ ...lease, ...seen, openMs: performance.now() - started }),
          );
      } finally {
        this.#leave(handle);
      }
    }
  }

  /** @throws VersionNotReached */
  async #look(handle: Handle, freshness: Freshness) {
    const isStrong = freshness.consistency === "strong";
    let cold = await (isStrong ? handle.freshFromNow() : handle.freshWithin(this.#stalenessMs));
    if (!isStrong && isBefore(handle.opened(), freshness)) cold = (await handle.freshFromNow()) || cold;
    const opened = handle.opened();
    if (opened && isBefore(opened, freshness)) throw notReached(opened, freshness);
    return { opened, cold, viewAgeMs: handle.ageMs };
  }

  /** Closes everything, once the requests under way have ended. */
  close(): void {
    for (const handle of [...this.#handles.values()]) this.#forget(handle);
  }

  /** The handle of an index, which stays open until it is left; whoever comes when all are in use waits. */
  async #enter(index: string): Promise<Handle> {
    for (;;) {
      const known = this.#handles.get(index);
      if (known) {
        this.#handles.delete(index); // to the end: the least recently used is the first
        this.#handles.set(index, known);
        known.enter();
        return known;
      }
      const place = this.#freePlace();
      if (place) this.#add(index, place);
      else await this.#waitToAdd(index);
    }
  }

  #leave(handle: Handle): void {
    handle.leave();
    if (this.#places.areWanted) this.#evictUnused();
  }

  #freePlace(): (() => void) | undefined {
    const free = this.#places.takeFree();
    if (free || !this.#evictUnused()) return free;
    return this.#places.takeFree();
  }

  /** All who wait for the same index wait for one place. */
  async #waitToAdd(index: string): Promise<void> {
    const adding =
      this.#adding.get(index) ??
      this.#places
        .take(limits.indexWaitMs)
        .then((place) => this.#add(index, place))
        .finally(() => this.#adding.delete(index));
    this.#adding.set(index, adding);
    await adding;
  }

  #add(index: string, place: () => void): void {
    const handle: Handle = new Handle({
      index,
      read: () => this.#registry.get(index),
      readOpening: () => this.#readOpening(index),
      open: (entry, opening) => this.#open(entry, opening),
      now: () => this.#clock.now(),
      forget: () => this.#forget(handle),
      lookAheadFailed: (error) => this.#lookAheadFailed(index, error),
      gone: place,
    });
    this.#handles.set(index, handle);
  }

  /** That an index was dropped is no failure. */
  #lookAheadFailed(index: string, error: unknown): void {
    if (error instanceof DomainError && error.status < 500) return;
    this.#connections.fallbacks.of(index).happened("look-ahead", "failed");
  }

  #forget(handle: Handle): void {
    if (this.#handles.get(handle.index) === handle) this.#handles.delete(handle.index);
    handle.retire();
  }

  /** @returns whether there was one */
  #evictUnused(): boolean {
    for (const handle of this.#handles.values()) {
      if (!handle.isUnused) continue;
      this.#forget(handle);
      return true;
    }
    return false;
  }

  /** Of no use where nothing is copied. */
  async #readOpening(index: string): Promise<Opening | undefined> {
    return this.#copies && this.#openings?.read(index);
  }

  async #open(entry: IndexEntry, opening = this.#readOpening(entry.name)): Promise<OpenGeneration> {
    const published = publishedOf(entry);
    const { bucket, generation } = published;
    const ref = { bucket, index: entry.name, generation };
    const open = () => this.#openTable(ref, published);
    if (!this.#copies) return this.#generationOf(entry, published, await open());
    const read = await opening;
    const own = read?.bucket === bucket && read.generation === generation ? read : undefined;
    const wanted = { ref, published, opening: own };
    const known = own && (await this.#copies.knownTable({ ...wanted, version: own.version }, open));
    const later = this.#copies.laterVersionsOf(ref);
    const store = known ? StoreTable.later(known, later) : StoreTable.opened(await open(), later);
    const reader = new ReplicatedReader(store, this.#copies, wanted);
    return this.#generationOf(entry, published, { reader, release: () => undefined });
  }

  #generationOf(entry: IndexEntry, published: Publication, { reader, release }: Omit<Opened, "leased">) {
    const leased = this.#gate ? new GatedReader(reader, this.#gate, published) : reader;
    return new OpenGeneration(entry, published, { reader, leased, release });
  }

  /** @throws IndexNotFound where it is gone */
  async #openTable(ref: GenerationRef, published: Publication): Promise<OpenTable> {
    const opening = this.#tableOf(ref, published);
    try {
      return await lanceCall(limits.openTimeoutMs, () => opening);
    } catch (error) {
      opening.then(closeLate, () => undefined);
      if (isGone(error))
        throw new DomainError("IndexNotFound", `the data of index "${ref.index}" is gone`, { cause: error });
      throw error;
    }
  }

  async #tableOf({ bucket, index, generation }: GenerationRef, published: Publication): Promise<OpenTable> {
    const { connection, release } = await this.#connections.lease(bucket, index);
    try {
      const table = await connection.openTable(generation);
      const { rows, fallbacks } = this.#connections;
      const openAt = (version: number) => connection.openTable(generation, undefined, { version });
      const reader = await LanceReader.over(table, published, rows, fallbacks.of(index), openAt);
      return { reader, release };
    } catch (error) {
      release();
      throw error;
    }
  }
}

/** What was opened after nobody waited for it any more. */
function closeLate({ reader, release }: OpenTable): void {
  reader.close();
  release();
}
