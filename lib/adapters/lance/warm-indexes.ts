import { LRUCache } from "lru-cache";
import { limits } from "../../config/limits.ts";
import { publishedOf } from "../../domain/describe-index.ts";
import { DomainError } from "../../domain/errors.ts";
import type { IndexEntry, Publication } from "../../domain/index-entry.ts";
import type { IndexRegistry } from "../../domain/index-registry.ts";
import type { Clock, Lease, Reader, WarmIndexes } from "../../domain/ports.ts";
import type { ReadGate } from "../../domain/read-gate.ts";
import type { Consistency } from "../../domain/search-request.ts";
import type { LanceConnections } from "./connections.ts";
import { GatedReader } from "./gated-reader.ts";
import { isGone, lanceCall } from "./lance-errors.ts";
import { LanceReader } from "./lance-reader.ts";
import type { LocalCopies } from "./local-copies.ts";
import { ReplicatedReader } from "./replicated-reader.ts";

/**
 * The indexes this container has open.
 *
 * A handle is as fresh as the start of its last look at the registry and the table. A request says how fresh it needs
 * it: strong, from its own start; eventual, a few seconds before. Whoever finds the handle older joins the look under
 * way or starts one, so that fifty cold requests open once. The wall clock is used: a Lambda that was frozen for an
 * hour wakes with handles that are an hour old.
 */
export class LanceWarmIndexes implements WarmIndexes {
  readonly #registry: IndexRegistry;
  readonly #connections: LanceConnections;
  readonly #clock: Clock;
  readonly #stalenessMs: number;
  readonly #copies: LocalCopies | undefined;
  readonly #gate: ReadGate | undefined;
  readonly #handles: LRUCache<string, Handle>;

  constructor(options: {
    registry: IndexRegistry;
    connections: LanceConnections;
    clock: Clock;
    stalenessMs?: number;
    maxHandles?: number;
    /** Without them everything is read from its store. */
    copies?: LocalCopies;
    /** Without it, reads begin when they are asked for. */
    gate?: ReadGate;
  }) {
    this.#gate = options.gate;
    this.#copies = options.copies;
    this.#registry = options.registry;
    this.#connections = options.connections;
    this.#clock = options.clock;
    this.#stalenessMs = options.stalenessMs ?? limits.eventualStalenessMs;
    this.#handles = new LRUCache({
      max: options.maxHandles ?? limits.maxOpenHandles,
      dispose: (handle) => handle.retire(),
    });
  }

  async use<T>(index: string, consistency: Consistency, work: (lease: Lease) => Promise<T>): Promise<T> {
    try {
      return await this.#attempt(index, consistency, work);
    } catch (error) {
      // Its files went away under an open handle: dropped or replaced a moment ago. A second look tells which.
      if (!isGone(error)) throw error;
      return this.#attempt(index, "strong", work);
    }
  }

  async #attempt<T>(index: string, consistency: Consistency, work: (lease: Lease) => Promise<T>): Promise<T> {
    const started = performance.now();
    const { opened, cold } = await this.#acquire(index, consistency);
    try {
      return await work({ ...opened.lease, cold, openMs: performance.now() - started });
    } finally {
      opened.release();
    }
  }

  /** Again when the handle was evicted between the look and its use. */
  async #acquire(index: string, consistency: Consistency) {
    for (;;) {
      const handle = this.#handleOf(index);
      const cold = await (consistency === "strong"
        ? handle.freshFromNow()
        : handle.freshWithin(this.#stalenessMs));
      const opened = handle.acquire();
      if (opened) return { opened, cold };
    }
  }

  /** Closes everything, once the requests under way have ended. */
  close(): void {
    this.#handles.clear();
  }

  #handleOf(index: string): Handle {
    const known = this.#handles.get(index);
    if (known) return known;
    const handle = new Handle({
      read: () => this.#registry.get(index),
      open: (entry) => this.#open(entry),
      now: () => this.#clock.now(),
      forget: () => this.#handles.peek(index) === handle && this.#handles.delete(index),
    });
    this.#handles.set(index, handle);
    return handle;
  }

  async #open(entry: IndexEntry): Promise<OpenGeneration> {
    const published = publishedOf(entry);
    try {
      const reader = await lanceCall(limits.openTimeoutMs, async () => {
        const connection = await this.#connections.get(published.bucket, entry.name);
        const table = await connection.openTable(published.generation);
        return LanceReader.over(table, published, this.#connections.rows);
      });
      const ref = { bucket: published.bucket, index: entry.name, generation: published.generation };
      const read = this.#copies ? new ReplicatedReader(reader, this.#copies, ref, published) : reader;
      return new OpenGeneration(
        entry,
        published,
        read,
        this.#gate ? new GatedReader(read, this.#gate, published) : read,
      );
    } catch (error) {
      if (isGone(error))
        throw new DomainError("IndexNotFound", `the data of index "${entry.name}" is gone`, { cause: error });
      throw error;
    }
  }
}

type FollowingReader = LanceReader | ReplicatedReader;

/** A generation that is open, counted by the requests that use it. */
class OpenGeneration {
  entry: IndexEntry;
  readonly published: Publication;
  readonly reader: FollowingReader;
  readonly #leased: Reader;
  #users = 0;
  #retired = false;

  /** @param leased what requests read with, over `reader` */
  constructor(entry: IndexEntry, published: Publication, reader: FollowingReader, leased: Reader) {
    this.#leased = leased;
    this.entry = entry;
    this.published = published;
    this.reader = reader;
  }

  acquire() {
    this.#users += 1;
    const { entry, published } = this;
    return { lease: { entry, published, reader: this.#leased }, release: () => this.#release() };
  }

  retire(): void {
    this.#retired = true;
    this.#closeIfUnused();
  }

  #release(): void {
    this.#users -= 1;
    this.#closeIfUnused();
  }

  #closeIfUnused(): void {
    if (this.#retired && this.#users === 0) this.reader.close();
  }
}

interface HandleActions {
  read(): Promise<{ value: IndexEntry; etag: string }>;
  open(entry: IndexEntry): Promise<OpenGeneration>;
  now(): number;
  forget(): void;
}

/** One index: what is open of it, since when that is known to be current, and the look that is under way. */
class Handle {
  readonly #actions: HandleActions;
  #current: OpenGeneration | undefined;
  #freshAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;
  /** Looks begun, and the number of the last that ended well. */
  #begun = 0;
  #ended = 0;
  #retired = false;

  constructor(actions: HandleActions) {
    this.#actions = actions;
  }

  /** Waits until a look that began at most so long ago has ended. @returns whether a generation had to be opened */
  async freshWithin(stalenessMs: number): Promise<boolean> {
    const now = this.#actions.now();
    if (this.#freshAt < now - stalenessMs / 2 && this.#freshAt >= now - stalenessMs) this.#lookAhead();
    return this.#lookUntil(() => this.#freshAt >= now - stalenessMs);
  }

  /** Behind the request's back, so that the next ones need not wait: what is known is fresh enough for this one. */
  #lookAhead(): void {
    this.#startLook().catch(() => undefined);
  }

  /** Waits until a look that begins from now on has ended; one under way may already have passed what matters. */
  async freshFromNow(): Promise<boolean> {
    const begun = this.#begun;
    return this.#lookUntil(() => this.#ended > begun);
  }

  async #lookUntil(isFresh: () => boolean): Promise<boolean> {
    const before = this.#current;
    while (!isFresh()) {
      await this.#startLook();
    }
    return this.#current !== before;
  }

  /** The look under way, or a new one. */
  #startLook(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Undefined when the handle is no longer to be used. */
  acquire() {
    return this.#retired ? undefined : this.#current?.acquire();
  }

  retire(): void {
    this.#retired = true;
    this.#current?.retire();
  }

  /** What is seen counts from before it was asked for. */
  async #look(): Promise<void> {
    const lookedAt = this.#actions.now();
    const number = ++this.#begun;
    try {
      const { value: entry } = await this.#actions.read();
      await this.#follow(entry);
      this.#freshAt = lookedAt;
      this.#ended = number;
    } catch (error) {
      this.#actions.forget();
      throw error;
    }
  }

  async #follow(entry: IndexEntry): Promise<void> {
    const published = publishedOf(entry);
    const current = this.#current;
    if (current && sameGeneration(current.published, published)) {
      await lanceCall(limits.openTimeoutMs, () => current.reader.refresh());
      current.entry = entry;
      return;
    }
    this.#current = await this.#actions.open(entry);
    current?.retire();
    if (this.#retired) this.#current.retire();
  }
}

function sameGeneration(a: Publication, b: Publication): boolean {
  return a.generation === b.generation && a.bucket === b.bucket && a.publishedAt === b.publishedAt;
}
