import { limits } from "../../../config/limits.ts";
import type { IndexEntry, Publication } from "../../../domain/index/index-entry.ts";
import { publishedOf } from "../../../domain/index/published.ts";
import type { Lease, Reader } from "../../../domain/search/reader.ts";
import { lanceCall } from "../lance-errors.ts";
import type { Opening } from "../opening/opening.ts";
import type { LanceReader } from "../reading/lance-reader.ts";
import type { ReplicatedReader } from "../replicas/replicated-reader.ts";

type FollowingReader = LanceReader | ReplicatedReader;

/** What is read with, and closed when nobody does any more. */
export interface Opened {
  reader: FollowingReader;
  /** What requests read with, over `reader`. */
  leased: Reader;
  /** Called when it is closed. */
  release(): void;
}

/** A generation that is open, counted by the requests that use it. */
export class OpenGeneration {
  entry: IndexEntry;
  readonly published: Publication;
  readonly reader: FollowingReader;
  readonly #leased: Reader;
  readonly #release: () => void;
  #users = 0;
  #retired = false;

  constructor(entry: IndexEntry, published: Publication, { reader, leased, release }: Opened) {
    this.entry = entry;
    this.published = published;
    this.reader = reader;
    this.#leased = leased;
    this.#release = release;
  }

  async use<T>(work: (lease: Pick<Lease, "entry" | "published" | "reader">) => Promise<T>): Promise<T> {
    this.#users += 1;
    const { entry, published } = this;
    try {
      return await work({ entry, published, reader: this.#leased });
    } finally {
      this.#users -= 1;
      this.#closeIfUnused();
    }
  }

  retire(): void {
    if (this.#retired) return;
    this.#retired = true;
    this.#closeIfUnused();
  }

  #closeIfUnused(): void {
    if (!this.#retired || this.#users > 0) return;
    this.reader.close();
    this.#release();
  }
}

interface HandleActions {
  index: string;
  read(): Promise<{ value: IndexEntry; etag: string }>;
  /** Asked for beside the entry, where nothing is open yet. */
  readOpening(): Promise<Opening | undefined>;
  open(entry: IndexEntry, opening: Promise<Opening | undefined> | undefined): Promise<OpenGeneration>;
  now(): number;
  forget(): void;
  lookAheadFailed(error: unknown): void;
  /** Called when it is retired and nobody uses it any more. */
  gone(): void;
}

/** One index: what is open of it, since when that is known to be current, and the look that is under way. */
export class Handle {
  readonly index: string;
  readonly #actions: HandleActions;
  #current: OpenGeneration | undefined;
  #freshAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;
  /** Looks begun, and the number of the last that ended well. */
  #begun = 0;
  #ended = 0;
  #retired = false;
  #users = 0;

  constructor(actions: HandleActions) {
    this.index = actions.index;
    this.#actions = actions;
  }

  /** Whether it was used and is not now: a new one is awaited by whoever asked for it. */
  get isUnused(): boolean {
    return this.#users === 0 && this.#begun > 0 && !this.#looking;
  }

  enter(): void {
    this.#users += 1;
  }

  leave(): void {
    this.#users -= 1;
    this.#goIfUnused();
  }

  /** Waits until a look that began at most so long ago has ended. @returns whether a generation had to be opened */
  async freshWithin(stalenessMs: number): Promise<boolean> {
    const now = this.#actions.now();
    if (this.#freshAt < now - stalenessMs / 2 && this.#freshAt >= now - stalenessMs) this.#lookAhead();
    return this.#lookUntil(() => this.#freshAt >= now - stalenessMs);
  }

  /** Behind the request's back, so that the next ones need not wait: what is known is fresh enough for this one. */
  #lookAhead(): void {
    this.#startLook().catch(this.#actions.lookAheadFailed);
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
  opened(): OpenGeneration | undefined {
    return this.#retired ? undefined : this.#current;
  }

  retire(): void {
    if (this.#retired) return;
    this.#retired = true;
    this.#current?.retire();
    this.#goIfUnused();
  }

  #goIfUnused(): void {
    if (this.#retired && this.#users === 0) this.#actions.gone();
  }

  /** What is seen counts from before it was asked for. */
  async #look(): Promise<void> {
    const lookedAt = this.#actions.now();
    const number = ++this.#begun;
    try {
      const opening = this.#current ? undefined : this.#actions.readOpening();
      const { value: entry } = await this.#actions.read();
      await this.#follow(entry, opening);
      this.#freshAt = lookedAt;
      this.#ended = number;
    } catch (error) {
      this.#actions.forget();
      throw error;
    }
  }

  async #follow(entry: IndexEntry, opening: Promise<Opening | undefined> | undefined): Promise<void> {
    const published = publishedOf(entry);
    const current = this.#current;
    if (current && sameGeneration(current.published, published)) {
      await lanceCall(limits.openTimeoutMs, () => current.reader.refresh());
      current.entry = entry;
      return;
    }
    this.#current = await this.#actions.open(entry, opening);
    current?.retire();
    if (this.#retired) this.#current.retire();
  }
}

function sameGeneration(a: Publication, b: Publication): boolean {
  return a.generation === b.generation && a.bucket === b.bucket && a.publishedAt === b.publishedAt;
}
