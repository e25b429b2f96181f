import { limits } from "../../config/limits.ts";
import { DomainError } from "../errors.ts";
import type { ObjectStore } from "../object-store.ts";
import { parseStored } from "../stored/stored-json.ts";
import type { Clock } from "../task-context.ts";
import { unlessRaced } from "../unless-raced.ts";
import {
  type Abandoned,
  folderOf,
  type KeyedWrite,
  keyOf,
  known,
  originOf,
  type Turn,
  turn,
  turnOf,
} from "./stored-turn.ts";
import type { Tally } from "./upkeep.ts";

/** A turn that began; whoever had it before and did not end it may still have something under way. */
export interface OwnTurn {
  /** What the holder before was about, where it did not end its turn. */
  abandoned?: Abandoned;
  /** That is ended now, and the turn is this holder's. Until then whoever is next is told the same. @throws StoreUnavailable */
  recovered(): Promise<void>;
  /** Asked when a table is open and before it is written to. @throws StoreUnavailable when somebody else has the turn now */
  permit(): Promise<void>;
  /** What was written before it, and the version that it left. */
  tally?: Tally;
  version?: number;
  /** What the next is told: all that was committed until now has this version or an earlier one. */
  leaves(version: number, tally?: Tally): void;
  /** Nothing is known of what is under way: whoever is next finds the turn not ended. */
  abandon(): void;
  /** From now on the work is done only if the turn is this holder's when it is ended: whoever took it has then seen what was committed. */
  acknowledges(): void;
}

/**
 * One writer of an index at a time, whoever and wherever it is.
 *
 * LanceDB alone does not keep ids unique: of eight merges of one new id at the same time, by an index on the id, each adds it
 * (test/integration/documents.test.ts). A turn is an object that is written on condition. Nothing rests on clocks: a holder that seems dead
 * loses its turn to the next, who fences the table first, and what the other still has under way is then refused by Lance.
 *
 *   holder:  takes the turn ─► opens the table ─► is permitted ─────────────────► commits: refused
 *   next:                                  finds it too old, takes it ─► fence ─► opens, commits, ends its turn
 */
export class WriteTurns {
  readonly #store: ObjectStore;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  /** In this process, by index. */
  readonly #waiting = new Map<string, Promise<unknown>>();

  constructor(store: ObjectStore, clock: Clock, leaseMs: number = limits.writeTurnMs) {
    this.#store = store;
    this.#clock = clock;
    this.#leaseMs = leaseMs;
  }

  /**
   * @param write what to leave to the next where this process dies
   * @throws TooBusy where others write all the time
   */
  async during<T>(
    index: string,
    write: KeyedWrite | undefined,
    timeoutMs: number,
    work: (own: OwnTurn) => Promise<T>,
  ): Promise<T> {
    const deadline = this.#clock.now() + timeoutMs;
    return this.#afterOthersHere(index, async () => {
      const taken = await this.#take(index, write, deadline);
      return this.#using(index, taken, write, work);
    });
  }

  /** What was written to an index, when the last turn ended. @returns undefined where nobody ever had one */
  async tally(index: string): Promise<Tally | undefined> {
    return (await this.left(index)).tally;
  }

  /** The same, with the version that it left, and who has the turn now. */
  async left(index: string): Promise<Pick<Abandoned, "version" | "tally"> & { holder?: string | null }> {
    return (await this.#read(index))?.turn ?? {};
  }

  /** Removes what is kept of an index that was dropped. */
  async forget(index: string): Promise<void> {
    await this.#store.deletePrefix(folderOf(index));
  }

  /** In the order in which they came: between processes it is chance. */
  async #afterOthersHere<T>(index: string, work: () => Promise<T>): Promise<T> {
    const before = this.#waiting.get(index) ?? Promise.resolve();
    const own = before.then(work, work);
    const settled = own.then(nothing, nothing);
    this.#waiting.set(index, settled);
    try {
      return await own;
    } finally {
      if (this.#waiting.get(index) === settled) this.#waiting.delete(index);
    }
  }

  async #take(index: string, write: KeyedWrite | undefined, deadline: number): Promise<Taken> {
    for (let wait = firstWaitMs; this.#clock.now() < deadline; wait = Math.min(2 * wait, longestWaitMs)) {
      const stored = await this.#read(index);
      const isFree = !stored || stored.turn.holder === null || this.#isOld(stored.turn);
      const taken = isFree && (await this.#replace(index, stored, write));
      if (taken) return taken;
      await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random())));
    }
    throw tooBusy(index);
  }

  #isOld({ since }: Turn): boolean {
    return this.#clock.now() - Date.parse(since) >= this.#leaseMs;
  }

  async #read(index: string): Promise<Stored | undefined> {
    const found = await this.#store.get(keyOf(index));
    return found && { turn: parseStored(turn, found.body, originOf(index)), etag: found.etag };
  }

  async #replace(
    index: string,
    stored: Stored | undefined,
    write: KeyedWrite | undefined,
  ): Promise<Taken | undefined> {
    const before = stored?.turn;
    const isLeft = before !== undefined && before.holder !== null;
    const since = new Date(this.#clock.now()).toISOString();
    const own = turnOf(crypto.randomUUID(), since, { ...before, write: isLeft ? before.write : write });
    const etag = await this.#put(index, own, stored?.etag);
    if (etag === undefined) return undefined;
    return { own, etag, ...(isLeft ? { abandoned: known(before) } : {}) };
  }

  async #using<T>(
    index: string,
    { own, etag: taken, abandoned }: Taken,
    write: KeyedWrite | undefined,
    work: (own: OwnTurn) => Promise<T>,
  ): Promise<T> {
    let [etag, isLeft, isAcknowledged] = [taken, abandoned !== undefined, false];
    let left: Abandoned = { version: own.version, tally: own.tally };
    const permit = async () => {
      if ((await this.#read(index))?.turn.holder !== own.holder) throw turnLost(index);
    };
    const recovered = async () => {
      const now = await this.#put(index, turnOf(own.holder, own.since, { ...left, write }), etag);
      if (now === undefined) throw turnLost(index);
      [etag, isLeft] = [now, false];
    };
    const leaves = (version: number, tally = left.tally) => {
      left = { version, tally };
    };
    const abandon = () => {
      isLeft = true;
    };
    const acknowledges = () => {
      isAcknowledged = true;
    };
    // what was committed stands, whether or not this is said: then the next waits until the turn is old
    const end = async () => isLeft || this.#end(index, turnOf(null, own.since, left), etag);
    const { write: _, ...before } = known(own);
    const told = { ...before, ...(abandoned ? { abandoned } : {}) };
    const done = await work({ ...told, recovered, permit, leaves, abandon, acknowledges }).catch(
      async (error) => {
        await end();
        throw error;
      },
    );
    if (!(await end()) && isAcknowledged) throw notAcknowledged(index);
    return done;
  }

  /** @returns whether it is known that nobody had taken the turn by then */
  async #end(index: string, ended: Turn, etag: string): Promise<boolean> {
    try {
      if ((await this.#put(index, ended, etag)) !== undefined) return true;
      const now = await this.#read(index); // the store may have answered no, and done it the first time
      return now?.turn.holder === null && now.turn.since === ended.since;
    } catch {
      return false;
    }
  }

  /** @returns undefined where another was first; an answer that was lost is asked for again */
  async #put(index: string, value: Turn, etag: string | undefined): Promise<string | undefined> {
    const body = new TextEncoder().encode(JSON.stringify(value));
    const condition = etag === undefined ? ({ ifNoneMatch: "*" } as const) : { ifMatch: etag };
    const written = await unlessRaced(() => this.#store.put(keyOf(index), body, condition));
    if (written !== undefined || value.holder === null) return written;
    const now = await this.#read(index);
    return now?.turn.holder === value.holder ? now.etag : undefined;
  }
}

interface Stored {
  turn: Turn;
  etag: string;
}

interface Taken {
  own: Turn;
  etag: string;
  abandoned?: Abandoned;
}

const firstWaitMs = 10;
const longestWaitMs = 160;
const nothing = () => undefined;

function notAcknowledged(index: string): DomainError {
  return new DomainError(
    "StoreUnavailable",
    `writing to index "${index}" took so long that another writer went on: whether it is done is not known, send it again with the same Idempotency-Key`,
  );
}

function turnLost(index: string): DomainError {
  return new DomainError(
    "StoreUnavailable",
    `writing to index "${index}" took so long that another writer went on; nothing was written`,
  );
}

function tooBusy(index: string): DomainError {
  return new DomainError(
    "TooBusy",
    `index "${index}" is written to by others all the time; nothing was written, send it again`,
  );
}
