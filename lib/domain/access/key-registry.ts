import { badRequest, DomainError } from "../errors.ts";
import type { Versioned } from "../index/index-registry.ts";
import type { ObjectStore, WriteCondition } from "../object-store.ts";
import { unlessUnreadable } from "../stored/stored-json.ts";
import { droppingUnknown } from "../stored/unknown-fields.ts";
import type { Clock } from "../task-context.ts";
import { changed } from "../unless-raced.ts";
import { identityOf, idOfIdentity } from "./identity.ts";
import {
  type KeyRequest,
  keyId,
  type ListedKey,
  type NewKey,
  type ShownKey,
  shownKey,
} from "./key-request.ts";
import { digestOf, keyText, newKeyId, newSecret } from "./key-text.ts";
import { isOwnFilter, ownIdPrefix } from "./own-documents.ts";
import { identityOfKey, keyOfKey, keysFolder, parsedKey, type StoredKey } from "./stored-key.ts";

/** The API keys: one JSON object each in the primary bucket, changed only by conditional writes. */
export class KeyRegistry {
  readonly #store: ObjectStore;
  readonly #clock: Clock;

  constructor(store: ObjectStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * A key with a secret, or what is granted to an identity that the request names.
   * @throws BadRequest, Conflict
   */
  async make(request: KeyRequest): Promise<NewKey | ShownKey> {
    return identityOfKey(request) === undefined ? this.create(request) : this.grant(request);
  }

  /** Sent again it makes another key: the first cannot be shown a second time. @throws BadRequest */
  async create(request: KeyRequest): Promise<NewKey> {
    const [id, secret] = [newKeyId(), newSecret()];
    const secrets = [{ sha256: await digestOf(secret), until: null }];
    const key: StoredKey = { id, secrets, ...this.#fieldsOf(request) };
    await this.#store.put(keyOfKey(id), encode(key), { ifNoneMatch: "*" });
    return { ...this.#shown(key), key: keyText({ id, secret }) };
  }

  /** To a role or a user of AWS, or to tokens with a claim, in place of what was revoked. @throws BadRequest, Conflict where there is one */
  async grant(request: KeyRequest): Promise<ShownKey> {
    const whose = request.arn === undefined ? { token: request.token } : { arn: identityOf(request.arn) };
    const id = await idOfIdentity(identityOfKey(whose) ?? "");
    const key: StoredKey = { id, ...whose, secrets: [], ...this.#fieldsOf(request) };
    const stored = await this.#store.get(keyOfKey(id));
    if (stored && parsedKey(id, stored.body).revokedAt === null)
      throw new DomainError("Conflict", `key "${id}" is of the same; revoke it first`);
    const condition: WriteCondition = stored ? { ifMatch: stored.etag } : { ifNoneMatch: "*" };
    await this.#store.put(keyOfKey(id), encode(key), condition);
    return this.#shown(key);
  }

  /** @throws BadRequest */
  #fieldsOf({
    name,
    grants,
    filter,
    rate,
    concurrent,
    expiresAt,
  }: KeyRequest): Omit<StoredKey, "id" | "arn" | "token" | "secrets"> {
    if (expiresAt !== undefined && Date.parse(expiresAt) <= this.#clock.now())
      throw badRequest({ path: "expiresAt", message: "is over already" });
    const narrowing = {
      ...(filter ? { filter } : {}),
      ...(rate ? { rate } : {}),
      ...(concurrent ? { concurrent } : {}),
    };
    const times = { createdAt: this.#timestamp(), expiresAt: expiresAt ?? null, revokedAt: null };
    return { name, grants, ...narrowing, ...times };
  }

  /** By id, a page at a time; the cursor is the last of the page before. */
  async list(cursor: string | undefined, limit: number): Promise<{ keys: ListedKey[]; next: string | null }> {
    const after = cursor === undefined ? undefined : keyOfKey(cursor);
    const listed = await this.#store.list(keysFolder, { after, limit: limit + 1 });
    const ids = listed.slice(0, limit).flatMap(({ key }) => idIn(key) ?? []);
    const keys = (await Promise.all(ids.map((id) => this.#listed(id)))).flat();
    return { keys, next: listed.length > limit ? (ids.at(-1) ?? null) : null };
  }

  /** A new secret; the one before holds on for a while, those before that no more. @throws KeyNotFound, Conflict */
  async rotate(id: string, graceMs: number): Promise<NewKey> {
    const secret = newSecret();
    const sha256 = await digestOf(secret);
    const now = this.#clock.now();
    const until = new Date(now + graceMs).toISOString();
    const key = await this.#update(id, ({ secrets, revokedAt, ...whose }) => {
      if (identityOfKey(whose) !== undefined)
        throw new DomainError("Conflict", `key "${id}" is of an identity, and has no secret`);
      if (revokedAt !== null) throw new DomainError("Conflict", `key "${id}" was revoked; make another`);
      const before = graceMs > 0 ? secrets.slice(0, 1).map((one) => ({ ...one, until })) : [];
      return { secrets: [{ sha256, until: null }, ...before] };
    });
    return { ...this.#shown(key), key: keyText({ id, secret }) };
  }

  /** It stays, as one that opens nothing any more. May be repeated. @throws KeyNotFound */
  async revoke(id: string): Promise<ShownKey> {
    const key = await this.#update(id, ({ revokedAt }) =>
      revokedAt === null ? { revokedAt: this.#timestamp() } : undefined,
    );
    return this.#shown(key);
  }

  async #update(id: string, change: (key: StoredKey) => Partial<StoredKey> | undefined): Promise<StoredKey> {
    const { value } = await changed(
      () => this.#read(id),
      ({ value: key, etag }) => {
        const changes = change(key);
        return changes && (() => this.#replace({ ...key, ...changes }, etag));
      },
    );
    return value;
  }

  /** @throws KeyNotFound */
  async #read(id: string): Promise<Versioned<StoredKey>> {
    const stored = await this.#store.get(keyOfKey(id));
    if (!stored) throw new DomainError("KeyNotFound", `key "${id}" does not exist`);
    return { value: parsedKey(id, stored.body), etag: stored.etag };
  }

  async #replace(value: StoredKey, ifMatch: string): Promise<Versioned<StoredKey>> {
    return { value, etag: await this.#store.put(keyOfKey(value.id), encode(value), { ifMatch }) };
  }

  async #listed(id: string): Promise<ListedKey[]> {
    return unlessUnreadable(
      async () => {
        const stored = await this.#store.get(keyOfKey(id));
        return stored ? [this.#shown(parsedKey(id, stored.body))] : [];
      },
      (state): ListedKey[] => [{ id, state }],
    );
  }

  #shown({ secrets, ...key }: StoredKey): ShownKey {
    const until = secrets[1]?.until ?? null;
    const holds = until !== null && Date.parse(until) > this.#clock.now();
    const { filter } = key;
    const newIds = filter && isOwnFilter(filter) ? ownIdPrefix(filter) : null;
    return droppingUnknown(shownKey).parse({ ...key, newIds, rotatedUntil: holds ? until : null });
  }

  #timestamp(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

const idIn = (key: string) =>
  key.endsWith(".json") ? keyId.safeParse(key.slice(keysFolder.length, -".json".length)).data : undefined;

const encode = (key: StoredKey) => new TextEncoder().encode(`${JSON.stringify(key, null, 2)}\n`);
