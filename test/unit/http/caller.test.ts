import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LocalStore } from "../../../lib/adapters/store/local-store.ts";
import type { AccessMode } from "../../../lib/config/access-mode.ts";
import type { Grant } from "../../../lib/domain/access/grants.ts";
import { KeyRegistry } from "../../../lib/domain/access/key-registry.ts";
import { KnownKeys } from "../../../lib/domain/access/known-keys.ts";
import type { WarmIndexes } from "../../../lib/domain/search/reader.ts";
import { authenticate, callerOf } from "../../../lib/http/caller.ts";
import type { HttpEvent } from "../../../lib/http/http-handler.ts";

const clock = { now: () => Date.now() };
const role = "arn:aws:iam::123456789012:role/search";
const session = "arn:aws:sts::123456789012:assumed-role/search/one";
const request = { name: "a", grants: [{ actions: ["read"], indexes: ["docs"], buckets: [] }] as Grant[] };

let root: string;
let keys: KnownKeys;
let registry: KeyRegistry;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "caller-"));
  const store = new LocalStore(root);
  keys = new KnownKeys(store, clock);
  registry = new KeyRegistry(store, clock);
});

afterEach(() => rm(root, { recursive: true, force: true }));

const eventOf = (sent: object) => ({ headers: {}, ...sent }) as unknown as HttpEvent;
const door = (access: AccessMode) => {
  const indexes = { use: async () => undefined } as unknown as WarmIndexes;
  return authenticate("read", () => ({
    ...{ access, indexes, tokens: undefined },
    keys: access === "open" ? undefined : keys,
  }));
};

/** Who is found to have sent it. */
async function asked(access: AccessMode, sent: object): Promise<string | undefined> {
  const event = eventOf(sent);
  await door(access).before?.({ event } as never);
  return callerOf(event)?.principal.id;
}

const signedBy = (userArn: unknown) => ({ requestContext: { authorizer: { iam: { userArn } } } });
const refused = { kind: "Unauthenticated" };

test("where AWS says who asks, that counts, and neither a key nor what a client writes of itself", async () => {
  const { id } = await registry.grant({ ...request, arn: role });
  const { key } = await registry.create(request);
  expect(await asked("iam", signedBy(session))).toBe(id);
  const forged = { "x-api-key": key, "x-amzn-iam-arn": session, authorization: `Bearer ${key}` };
  for (const sent of [
    { headers: forged },
    { headers: forged, requestContext: {} },
    { headers: forged, requestContext: { authorizer: { lambda: { userArn: session } } } },
    { headers: forged, body: JSON.stringify(signedBy(session)) },
    signedBy([session]),
    signedBy("arn:aws:iam::123456789012:role/other"),
  ])
    await expect(asked("iam", sent)).rejects.toMatchObject(refused);
});

test("where keys count, an identity of AWS does not", async () => {
  await registry.grant({ ...request, arn: role });
  const { id, key } = await registry.create(request);
  expect(await asked("keys", { headers: { "x-api-key": key } })).toBe(id);
  await expect(asked("keys", signedBy(session))).rejects.toMatchObject(refused);
});

test("where access is open, nobody is asked for", async () => {
  expect(await asked("open", signedBy(session))).toBeUndefined();
});

test.each(["after", "onError"] as const)(
  "a request of a key with few at a time is over %s, once",
  async (end) => {
    const { key, id, concurrent } = await registry.create({ ...request, concurrent: 1 });
    expect(concurrent).toBe(1);
    const { before, ...ends } = door("keys");
    const begun = () => eventOf({ headers: { "x-api-key": key } });
    const [first, second] = [begun(), begun()];
    const begin = (event: HttpEvent) => before?.({ event } as never);
    await begin(first);
    await expect(begin(second)).rejects.toMatchObject({ kind: "TooManyRequests" });
    expect(callerOf(second)?.principal.id).toBe(id); // who was refused is known to the audit
    await ends.onError?.({ event: second } as never);
    await expect(begin(second)).rejects.toMatchObject({ kind: "TooManyRequests" });
    for (let i = 0; i < 2; i++) await ends[end]?.({ event: first } as never);
    await begin(begun());
    await expect(begin(second)).rejects.toMatchObject({ kind: "TooManyRequests" });
  },
);
