import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LocalStore } from "../../../lib/adapters/store/local-store.ts";
import { limits } from "../../../lib/config/limits.ts";
import type { Grant } from "../../../lib/domain/access/grants.ts";
import { KeyRegistry } from "../../../lib/domain/access/key-registry.ts";
import { newKeyId, newSecret } from "../../../lib/domain/access/key-text.ts";
import { KnownKeys } from "../../../lib/domain/access/known-keys.ts";
import { formats } from "../../../lib/domain/stored/formats.ts";

const promisedMs = 60_000;
const grants: Grant[] = [{ actions: ["read"], indexes: ["docs"], buckets: [] }];

let root: string;
let store: LocalStore;
let registry: KeyRegistry;
let known: KnownKeys;
/** Keys of objects that were read. */
let reads: string[];
let now: number;
const clock = { now: () => now };

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "keys-"));
  store = new LocalStore(root);
  now = Date.parse("2026-11-28T00:00:00Z");
  reads = [];
  registry = new KeyRegistry(store, clock);
  const counted = Object.create(store) as LocalStore;
  counted.get = (key) => {
    reads.push(key);
    return store.get(key);
  };
  known = new KnownKeys(counted, clock);
});

afterEach(() => rm(root, { recursive: true, force: true }));

const make = (more: object = {}) => registry.create({ name: "a", grants, ...more });
const refused = { kind: "Unauthenticated" };
/** Looks that go on behind an answer. */
const settled = () => expect.poll(async () => reads.length, { interval: 5 });

test("a key is looked up once for many requests, and by fifty at a time once", async () => {
  const { id, key } = await make();
  const all = await Promise.all(Array.from({ length: 50 }, () => known.principalOf(key)));
  expect(new Set(all.map((principal) => principal.id))).toEqual(new Set([id]));
  now += limits.keyLookAgainMs - 1;
  await known.principalOf(key);
  expect(reads).toEqual([`registry/keys/${id}.json`]);
});

test("a key in use is looked up again behind an answer, before anybody has to wait for it", async () => {
  const { key } = await make();
  for (let i = 1; i <= 4; i++) {
    await known.principalOf(key);
    await settled().toBe(i);
    now += limits.keyLookAgainMs;
  }
});

test("a key that is revoked is out after a minute, however often it is used", async () => {
  const { id, key } = await make();
  await known.principalOf(key);
  await registry.revoke(id);
  const until = now + promisedMs;
  for (; now < until; now += 1_000) await known.principalOf(key).catch(() => undefined);
  await expect(known.principalOf(key)).rejects.toMatchObject(refused);
});

test("a process that was stopped does not go by what it knew", async () => {
  const { id, key } = await make();
  await known.principalOf(key);
  await registry.revoke(id);
  now += promisedMs;
  await expect(known.principalOf(key)).rejects.toMatchObject(refused);
});

test("a store that does not answer refuses nobody for a while, and lets nobody in for longer than a minute", async () => {
  const { key } = await make();
  await known.principalOf(key);
  await rm(root, { recursive: true });
  now += limits.keyMemoryMs - 1;
  await known.principalOf(key);
  now += promisedMs;
  await expect(known.principalOf(key)).rejects.toMatchObject(refused);
});

test("what is no key is not looked up, and an id of which there is none not again and again", async () => {
  for (const text of ["", "x", "sl_../../x_y", `sl_${newKeyId()}_${newSecret()}x`, `sl_${"g".repeat(16)}_`])
    await expect(known.principalOf(text)).rejects.toMatchObject(refused);
  expect(reads).toEqual([]);
  const text = `sl_${newKeyId()}_${newSecret()}`;
  for (let i = 0; i < 5; i++) await expect(known.principalOf(text)).rejects.toMatchObject(refused);
  expect(reads).toHaveLength(1);
});

test("ids of which there are none push out no key", async () => {
  const { key } = await make();
  await known.principalOf(key);
  for (let i = 0; i < limits.maxKnownKeys + 10; i++)
    await known.principalOf(`sl_${newKeyId()}_${newSecret()}`).catch(() => undefined);
  const before = reads.length;
  await known.principalOf(key);
  expect(reads).toHaveLength(before);
});

test("work is begun beside the first look of a process, and beside those of a key that was good when last seen", async () => {
  const { id, key } = await make();
  let begun = 0;
  const meanwhile = () => void begun++;
  await known.principalOf(key, meanwhile);
  expect(begun).toBe(1);
  await known.principalOf(key, meanwhile);
  expect(begun).toBe(1); // nothing was asked
  now += promisedMs;
  await known.principalOf(key, meanwhile);
  expect(begun).toBe(2);
  now += promisedMs;
  for (const text of [`sl_${id}_${newSecret()}`, `sl_${newKeyId()}_${newSecret()}`, "sl_"])
    await known.principalOf(text, meanwhile).catch(() => undefined);
  expect(begun).toBe(2);
});

test("a wrong secret is refused, also that of another key, and asks for no more than one look a second", async () => {
  const [one, other] = [await make(), await make()];
  await known.principalOf(one.key);
  const mixed = one.key.slice(0, 20) + other.key.slice(20);
  for (let i = 0; i < 20; i++) {
    await expect(known.principalOf(mixed)).rejects.toMatchObject(refused);
    now += limits.unknownKeyMemoryMs / 10;
  }
  expect(reads.length).toBeLessThanOrEqual(4);
});

test("after a rotation the new secret is taken at once, and the one before as long as was asked for", async () => {
  const first = await make();
  await known.principalOf(first.key);
  now += limits.unknownKeyMemoryMs;
  const second = await registry.rotate(first.id, 10_000);
  expect(second.rotatedUntil).toBe(new Date(now + 10_000).toISOString());
  for (const { key } of [second, first, second]) await known.principalOf(key);
  now += 10_000;
  await expect(known.principalOf(first.key)).rejects.toMatchObject(refused);
  await known.principalOf(second.key);
  const third = await registry.rotate(first.id, 0);
  now += promisedMs;
  await expect(known.principalOf(second.key)).rejects.toMatchObject(refused);
  await known.principalOf(third.key);
});

test("a key with a rate sends as many requests as it gives, a wrong secret takes none of them", async () => {
  const { id, key } = await make({ rate: { perSecond: 2, burst: 4 } });
  const all = async () => {
    let taken = 0;
    for (; taken < 20; taken++) {
      const refusal = await known.principalOf(key).then(
        () => undefined,
        (error) => error.kind,
      );
      if (refusal === "TooManyRequests") return taken;
      expect(refusal).toBeUndefined();
    }
    return taken;
  };
  for (let i = 0; i < 9; i++)
    await expect(known.principalOf(`sl_${id}_${newSecret()}`)).rejects.toMatchObject(refused);
  expect(await all()).toBe(4);
  now += 400;
  expect(await all()).toBe(0);
  now += 100;
  expect(await all()).toBe(1);
  now += 3_600_000;
  expect(await all()).toBe(4);
  const { key: other } = await make();
  for (let i = 0; i < 20; i++) await known.principalOf(other);
});

describe("an identity of AWS", () => {
  const role = "arn:aws:iam::123456789012:role/search";
  const session = (name: string) => `arn:aws:sts::123456789012:assumed-role/${name}/session-1`;
  const granted = (more: object = {}) => registry.grant({ name: "a", grants, arn: role, ...more });

  test("is granted what was made for its role, whatever its session, its path and its partition", async () => {
    const { id, arn } = await granted({ arn: role.replace("role/", "role/some/path/") });
    expect(arn).toBe(role);
    for (const asked of [role, session("search")]) expect((await known.principalOfArn(asked)).id).toBe(id);
    const others = [
      ...[session("other"), "arn:aws:iam::123456789012:user/search", role.replace("123", "923")],
      ...[
        "arn:aws-cn:iam::123456789012:role/search",
        "",
        "arn:aws:iam::123456789012:root",
        `${role}x`,
        "search",
      ],
      ...[
        "arn:aws:sts::123456789012:federated-user/search",
        `arn:aws:sts::123456789012:assumed-role/a/role/search`,
      ],
    ];
    for (const other of others) await expect(known.principalOfArn(other)).rejects.toMatchObject(refused);
  });

  test("is out after a minute when that is revoked, and may be granted something anew", async () => {
    const { id } = await granted();
    await known.principalOfArn(session("search"));
    await expect(granted()).rejects.toMatchObject({ kind: "Conflict" });
    await expect(registry.rotate(id, 0)).rejects.toMatchObject({ kind: "Conflict" });
    await registry.revoke(id);
    now += promisedMs;
    await expect(known.principalOfArn(session("search"))).rejects.toMatchObject(refused);
    await granted({ expiresAt: new Date(now + 5_000).toISOString() });
    await new KnownKeys(store, clock).principalOfArn(role);
    now += 5_000;
    await expect(new KnownKeys(store, clock).principalOfArn(role)).rejects.toMatchObject(refused);
  });

  test("opens nothing by a text, as it has no secret", async () => {
    const { id } = await granted();
    for (const secret of [newSecret(), "0".repeat(43)])
      await expect(known.principalOf(`sl_${id}_${secret}`)).rejects.toMatchObject(refused);
  });
});

test("a key that expires is out at that moment", async () => {
  const { key } = await make({ expiresAt: new Date(now + 5_000).toISOString() });
  now += 4_999;
  await known.principalOf(key);
  now += 1;
  await expect(known.principalOf(key)).rejects.toMatchObject(refused);
});

test("of a secret nothing is stored but its digest", async () => {
  const { id, key } = await make();
  const stored = Buffer.from((await store.get(`registry/keys/${id}.json`))?.body ?? []).toString();
  expect(stored).not.toContain(key.slice(20));
  expect(JSON.parse(stored).secrets).toEqual([
    { sha256: expect.stringMatching(/^[0-9a-f]{64}$/), until: null },
  ]);
});

test("a key that is damaged, of a newer format or under another's id opens nothing, and is named in the list", async () => {
  const keys = [await make(), await make(), await make()];
  const change = async (id: string, body: string) => {
    const etag = (await store.get(`registry/keys/${id}.json`))?.etag ?? "";
    await store.put(`registry/keys/${id}.json`, Buffer.from(body), { ifMatch: etag });
  };
  const [damaged, newer, moved] = keys.map(({ id }) => id) as [string, string, string];
  await change(damaged, "{");
  await change(newer, JSON.stringify({ format: formats.key + 1 }));
  const other = await make();
  await change(
    moved,
    Buffer.from((await store.get(`registry/keys/${other.id}.json`))?.body ?? []).toString(),
  );
  for (const { key } of keys)
    await expect(known.principalOf(key)).rejects.toMatchObject({
      kind: expect.stringMatching(/EntryDamaged|NeedsNewerRelease/),
    });
  const { keys: listed } = await registry.list(undefined, 10);
  expect(listed.flatMap((one) => ("state" in one ? [[one.id, one.state]] : []))).toEqual(
    [
      [damaged, "damaged"],
      [newer, "needs-newer-release"],
      [moved, "damaged"],
    ].sort(),
  );
});

test("what a later release has stored of a key stays when it is rotated and revoked, and is not shown", async () => {
  const { id } = await make();
  const key = `registry/keys/${id}.json`;
  const read = async () => JSON.parse(Buffer.from((await store.get(key))?.body ?? []).toString());
  const etag = (await store.get(key))?.etag ?? "";
  await store.put(key, Buffer.from(JSON.stringify({ ...(await read()), later: { a: 1 } })), {
    ifMatch: etag,
  });
  expect(await registry.rotate(id, 0)).not.toHaveProperty("later");
  await registry.revoke(id);
  expect(await registry.revoke(id)).not.toHaveProperty("later");
  expect(await read()).toMatchObject({ later: { a: 1 }, revokedAt: new Date(now).toISOString() });
});

test("rotations at the same time each stand or are told; the last secret that was shown opens", async () => {
  const { id } = await make();
  const shown = await Promise.all(Array.from({ length: 4 }, () => registry.rotate(id, 1_000)));
  const opening = await Promise.all(
    shown.map(({ key }) =>
      new KnownKeys(store, clock).principalOf(key).then(
        () => 1,
        () => 0,
      ),
    ),
  );
  expect(opening.reduce<number>((sum, one) => sum + one, 0)).toBe(2);
});
