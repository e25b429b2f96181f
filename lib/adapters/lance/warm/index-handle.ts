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
  /** When a look began that is sure of the table's version, also where versions were removed. */
  #sureAt = Number.NEGATIVE_INFINITY;
  /** Looks begun, and the number of the last sure one that ended well. */
  #begun = 0;
  #sureEnded = 0;
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

  /** How long ago the look began that what is open is of, in milliseconds. */
  get ageMs(): number {
    return Math.max(0, this.#actions.now() - this.#freshAt);
  }

  enter(): void {
    this.#users += 1;
  }

  leave(): void {
    this.#users -= 1;
    this.#goIfUnused();
  }

  /**
   * Waits until a look that began at most so long ago has ended.
   * @param stalenessMs where the index does not say itself how long
   * @returns whether a generation had to be opened
   */
  async freshWithin(stalenessMs: number): Promise<boolean> {
    const windowMs = () => this.#current?.entry.maxStalenessMs ?? stalenessMs;
    if (this.ageMs > windowMs() / 2 && this.ageMs <= windowMs()) this.#lookAhead();
    return this.#lookUntilWithin(windowMs);
  }

  /** Behind the request's back, so that the next ones need not wait: what is known is fresh enough for this one. */
  #lookAhead(): void {
    this.#startLook().catch(this.#actions.lookAheadFailed);
  }

  /** Waits until a sure look that begins from now on has ended; one under way may already have passed what matters. */
  async freshFromNow(): Promise<boolean> {
    return this.#lookUntilWithin(() => 0);
  }

  /** A look may bring another window. */
  async #lookUntilWithin(windowMs: () => number): Promise<boolean> {
    const [before, begun, now] = [this.#current, this.#begun, this.#actions.now()];
    const isFreshWithin = (ms: number) => (ms === 0 ? this.#sureEnded > begun : this.#freshAt >= now - ms);
    while (!isFreshWithin(windowMs())) await this.#startLook(windowMs() === 0);
    return this.#current !== before;
  }

  /** The look under way, or a new one. */
  #startLook(isSure = false): Promise<void> {
    const isDue = this.#actions.now() - this.#sureAt >= limits.sureLookMs;
    this.#looking ??= this.#look(isSure || isDue).finally(() => {
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
  async #look(isSure: boolean): Promise<void> {
    const lookedAt = this.#actions.now();
    const number = ++this.#begun;
    try {
      await this.#see(isSure);
      this.#freshAt = lookedAt;
      if (!isSure) return;
      this.#sureAt = lookedAt;
      this.#sureEnded = number;
    } catch (error) {
      this.#actions.forget();
      throw error;
    }
  }

  /** The registry and the table are asked at once; what the table says of another generation counts for nothing. */
  async #see(isSure: boolean): Promise<void> {
    const opening = this.#current ? undefined : this.#actions.readOpening();
    const current = this.#current;
    const moving = current?.reader.hasMoved(isSure);
    const [read, moved] = await Promise.allSettled([this.#actions.read(), moving]);
    if (read.status === "rejected") throw read.reason;
    const entry = read.value.value;
    if (!current || !sameGeneration(current.published, publishedOf(entry))) return this.#open(entry, opening);
    if (moved.status === "rejected") throw moved.reason;
    if (moved.value) await lanceCall(limits.openTimeoutMs, () => current.reader.refresh());
    current.entry = entry;
  }

  async #open(entry: IndexEntry, opening: Promise<Opening | undefined> | undefined): Promise<void> {
    const before = this.#current;
    this.#current = await this.#actions.open(entry, opening);
    before?.retire();
    if (this.#retired) this.#current.retire();
  }
}

function sameGeneration(a: Publication, b: Publication): boolean {
  return a.generation === b.generation && a.bucket === b.bucket && a.publishedAt === b.publishedAt;
}
