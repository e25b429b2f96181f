import { limits } from "../../config/limits.ts";
import { DomainError } from "../errors.ts";
import type { ObjectStore } from "../object-store.ts";
import type { Clock } from "../task-context.ts";
import { identityOf, idOfIdentity } from "./identity.ts";
import { digestOf, isSameDigest, partsOf } from "./key-text.ts";
import { Principal } from "./principal.ts";
import { RequestRates } from "./request-rates.ts";
import { RequestsUnderWay } from "./requests-under-way.ts";
import { identityOfKey, keyOfKey, parsedKey, type StoredKey } from "./stored-key.ts";

interface Known {
  /** Undefined where there is none. */
  key: StoredKey | undefined;
  /** When the look that found it began. */
  at: number;
}

interface Look {
  at: number;
  found: Promise<Known>;
}

/**
 * The keys that this process has looked up. One is taken as it was for less than a minute, so that one that is revoked is
 * out by then; who uses it is not kept waiting, as it is looked up again behind an answer before that time is over.
 */
export class KnownKeys {
  readonly underWay = new RequestsUnderWay();
  readonly #store: ObjectStore;
  readonly #clock: Clock;
  /** The least recently used first; what there is not apart, so that nobody can push out what there is. */
  readonly #known = new Map<string, Known>();
  readonly #unknown = new Map<string, Known>();
  readonly #rates = new RequestRates();
  readonly #looks = new Map<string, Look>();

  constructor(store: ObjectStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Who a key's text is of.
   * @param meanwhile begun while the store is asked, where nothing is known yet or the key was good when last seen: nobody else
   * makes this process work
   * @throws Unauthenticated, TooManyRequests, StoreUnavailable
   */
  async principalOf(text: string, meanwhile?: () => void): Promise<Principal> {
    const parts = partsOf(text);
    if (!parts) throw notValid();
    const digest = await digestOf(parts.secret);
    const before = this.#known.get(parts.id)?.key;
    const looking = this.#keyOf(parts.id);
    const isFirst = this.#known.size + this.#unknown.size === 0 && this.#looks.size === 1;
    const isWaiting = this.#looks.has(parts.id);
    if (isWaiting && (isFirst || isValid(before, digest, this.#clock.now()))) meanwhile?.();
    const known = await looking;
    const now = this.#clock.now();
    const mayBeNew = known.key && now - known.at >= limits.unknownKeyMemoryMs; // its secret, after a rotation
    const again = mayBeNew && !isValid(known.key, digest, now) ? await this.#look(parts.id) : known;
    if (!again.key || !isValid(again.key, digest, now)) throw notValid();
    return this.principal(again.key);
  }

  /** Whose grants a role or a user of AWS has. @throws Unauthenticated, TooManyRequests, StoreUnavailable */
  async principalOfArn(arn: string, meanwhile?: () => void): Promise<Principal> {
    const key = await this.recordOf(identityOf(arn), limits.unknownKeyMemoryMs, meanwhile);
    if (!key || this.isOver(key)) throw notGranted();
    return this.principal(key);
  }

  /**
   * What is stored of an identity that somebody vouches for, also where it is over.
   * @param unknownMs for which there is taken to be none
   * @throws StoreUnavailable
   */
  async recordOf(
    identity: string,
    unknownMs: number,
    meanwhile?: () => void,
  ): Promise<StoredKey | undefined> {
    const id = await idOfIdentity(identity);
    const looking = this.#keyOf(id, unknownMs);
    if (this.#looks.has(id)) meanwhile?.(); // it is known who asks
    const { key } = await looking;
    return key && identityOfKey(key) === identity ? key : undefined;
  }

  isOver(key: StoredKey): boolean {
    return isOver(key, this.#clock.now());
  }

  /** @param subject of those that the key is of, where it is of several @throws TooManyRequests */
  principal({ id, grants, filter, rate, concurrent }: StoredKey, subject?: string): Principal {
    const principal = new Principal(id, grants, filter, { subject, concurrent });
    if (rate) this.#rates.take(principal.who, rate, this.#clock.now());
    return principal;
  }

  async #keyOf(id: string, unknownMs: number = limits.unknownKeyMemoryMs): Promise<Known> {
    const known = this.#known.get(id) ?? this.#unknown.get(id);
    const age = known ? this.#clock.now() - known.at : Number.POSITIVE_INFINITY;
    const most = known?.key ? limits.keyMemoryMs : unknownMs;
    if (!known || age < 0 || age >= most) return this.#look(id);
    remember(known.key ? this.#known : this.#unknown, id, known); // as the most recently used
    if (age >= limits.keyLookAgainMs) void this.#look(id).catch(() => undefined);
    return known;
  }

  /** Whoever asks while it is looked up waits for the same, unless the process was stopped meanwhile. */
  #look(id: string): Promise<Known> {
    const at = this.#clock.now();
    const underWay = this.#looks.get(id);
    if (underWay && at - underWay.at < limits.storeTimeoutMs) return underWay.found;
    const look = { at, found: this.#read(id, at) };
    this.#looks.set(id, look);
    const end = () => void (this.#looks.get(id) === look && this.#looks.delete(id));
    look.found.then(end, end);
    return look.found;
  }

  async #read(id: string, at: number): Promise<Known> {
    const stored = await this.#store.get(keyOfKey(id));
    const known = { key: stored && parsedKey(id, stored.body), at };
    const [into, other] = known.key ? [this.#known, this.#unknown] : [this.#unknown, this.#known];
    other.delete(id);
    remember(into, id, known);
    return known;
  }
}

function remember(into: Map<string, Known>, id: string, known: Known): void {
  into.delete(id);
  into.set(id, known);
  const [oldest] = into.keys();
  if (into.size > limits.maxKnownKeys && oldest !== undefined) into.delete(oldest);
}

function isValid(key: StoredKey | undefined, digest: string, now: number): boolean {
  if (!key) return false;
  if (isOver(key, now)) return false;
  return key.secrets.some(({ sha256, until }) => isSameDigest(sha256, digest) && !isPast(until, now));
}

const isOver = ({ expiresAt, revokedAt }: StoredKey, now: number) =>
  revokedAt !== null || isPast(expiresAt, now);

const isPast = (until: string | null, now: number) => until !== null && !(Date.parse(until) > now);

const notGranted = () =>
  new DomainError("Unauthenticated", "nothing is granted to who signed the request, or not any more");

const notValid = () =>
  new DomainError("Unauthenticated", "the key is none, or it was revoked or has expired");
