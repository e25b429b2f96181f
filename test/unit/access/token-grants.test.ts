import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LocalStore } from "../../../lib/adapters/store/local-store.ts";
import { GatewayTokens } from "../../../lib/adapters/token/gateway-tokens.ts";
import { limits } from "../../../lib/config/limits.ts";
import type { Grant } from "../../../lib/domain/access/grants.ts";
import { KeyRegistry } from "../../../lib/domain/access/key-registry.ts";
import { KnownKeys } from "../../../lib/domain/access/known-keys.ts";
import { principalOfToken } from "../../../lib/domain/access/token-grants.ts";

const issuer = "https://issuer.example/";
const grants: Grant[] = [{ actions: ["read"], indexes: ["docs"], buckets: [] }];
const rules = { issuer, audiences: ["lakehouse"], claim: "groups" };
const forbidden = { kind: "Forbidden" };
const invalid = { kind: "InvalidToken" };

let root: string;
let registry: KeyRegistry;
let known: KnownKeys;
let now: number;
let reads: number;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "tokens-"));
  const store = new LocalStore(root);
  const clock = { now: () => now };
  now = Date.parse("2026-11-28T00:00:00Z");
  reads = 0;
  const counted = Object.create(store) as LocalStore;
  counted.get = (key) => {
    reads++;
    return store.get(key);
  };
  registry = new KeyRegistry(store, clock);
  known = new KnownKeys(counted, clock);
});

afterEach(() => rm(root, { recursive: true, force: true }));

const grant = (claim: string, value: string, more: object = {}) =>
  registry.grant({ name: "a", grants, token: { issuer, claim, value }, ...more });
const asked = (claims: object, configured: object = {}) =>
  principalOfToken(known, { iss: issuer, ...claims }, { ...rules, ...configured });

test("a subject has what was granted to it, whatever else its token says", async () => {
  const [own] = [await grant("sub", "ann"), await grant("groups", "team")];
  const principal = await asked({ sub: "ann", groups: ["team"] });
  expect([principal.id, principal.subject]).toEqual([own.id, "ann"]);
});

test("others have what was granted to the one value of the configured claim that has grants", async () => {
  const team = await grant("groups", "team");
  for (const groups of ["team", ["team"], ["a", "team", "team", 7, null]]) {
    const principal = await asked({ sub: "bob", groups });
    expect([principal.id, principal.subject]).toEqual([team.id, "bob"]);
  }
  for (const claims of [
    {},
    { groups: [] },
    { groups: { team: 1 } },
    { groups: ["Team"] },
    { roles: ["team"] },
  ])
    await expect(asked({ sub: "bob", ...claims })).rejects.toMatchObject(forbidden);
  await expect(asked({ sub: "bob", groups: ["team"] }, { claim: undefined })).rejects.toMatchObject(
    forbidden,
  );
});

test("of scopes each word is one", async () => {
  const { id } = await grant("scope", "lakehouse:read");
  const scopes = { sub: "bob", scope: "openid lakehouse:read" };
  expect((await asked(scopes, { claim: "scope" })).id).toBe(id);
  await grant("groups", "team");
  await expect(asked({ sub: "bob", groups: "openid team" })).rejects.toMatchObject(forbidden);
});

test("grants of two values are not put together, as a filter of one would be lost", async () => {
  await grant("groups", "tenant", { filter: { op: "eq", column: "tenant", value: "a" } });
  const { id } = await grant("groups", "other");
  await expect(asked({ sub: "bob", groups: ["tenant", "other"] })).rejects.toMatchObject(forbidden);
  await registry.revoke(id);
  now += 60_000;
  expect((await asked({ sub: "bob", groups: ["tenant", "other"] })).filter).toBeDefined();
});

test("a subject whose grants were revoked or are over is out, also of its groups", async () => {
  await grant("groups", "team");
  const { id } = await grant("sub", "ann");
  await grant("sub", "bob", { expiresAt: new Date(now + 1_000).toISOString() });
  for (const sub of ["ann", "bob"]) await asked({ sub, groups: ["team"] });
  await registry.revoke(id);
  now += 60_000;
  for (const sub of ["ann", "bob"])
    await expect(asked({ sub, groups: ["team"] })).rejects.toMatchObject(forbidden);
  await asked({ sub: "eve", groups: ["team"] });
});

test("what is granted by tokens of one issuer is not by another's, nor by an ARN or a key", async () => {
  const { id } = await grant("sub", "ann");
  const other = { issuer: "https://other.example/" };
  await expect(asked({ iss: other.issuer, sub: "ann" }, other)).rejects.toMatchObject(forbidden);
  await expect(asked({ iss: other.issuer, sub: "ann" })).rejects.toMatchObject(invalid);
  await expect(known.principalOf(`sl_${id}_${"A".repeat(43)}`)).rejects.toMatchObject({
    kind: "Unauthenticated",
  });
  await expect(registry.rotate(id, 0)).rejects.toMatchObject({ kind: "Conflict" });
  await expect(grant("sub", "ann")).rejects.toMatchObject({ kind: "Conflict" });
});

test("a token without a fit subject, or with more values than may be looked up, opens nothing", async () => {
  for (const sub of [undefined, "", 7, "x".repeat(limits.maxClaimLength + 1)])
    await expect(asked({ sub })).rejects.toMatchObject(invalid);
  const groups = Array.from({ length: limits.maxClaimValues + 1 }, (_, i) => `g${i}`);
  await expect(asked({ sub: "bob", groups })).rejects.toMatchObject(forbidden);
  await expect(asked({ sub: "bob", groups: groups.slice(1) })).rejects.toMatchObject(forbidden);
  const before = reads;
  await expect(asked({ sub: "bob", groups: groups.slice(1) })).rejects.toMatchObject(forbidden);
  expect(reads).toBe(before); // what there is not is remembered, too
});

test("a rate and requests under way are counted for each subject", async () => {
  await grant("groups", "team", { rate: { perSecond: 1 }, concurrent: 1 });
  const [ann, bob] = [
    await asked({ sub: "ann", groups: "team" }),
    await asked({ sub: "bob", groups: "team" }),
  ];
  await expect(asked({ sub: "ann", groups: "team" })).rejects.toMatchObject({ kind: "TooManyRequests" });
  expect(new Set([ann.who, bob.who]).size).toBe(2);
  expect([ann.concurrent, bob.concurrent]).toEqual([1, 1]);
});

const tokenOf = (claims: object) =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.signature`;

test("of a token that API Gateway has made sure of, lists are read as they were issued", async () => {
  const gateway = new GatewayTokens(rules);
  const claims = { iss: issuer, sub: "ann", groups: ["team one", "admin"], exp: 1_900_000_000 };
  for (const groups of ["[team one admin]", "team one,admin", '["team one","admin"]'])
    expect(await gateway.claimsOf(tokenOf(claims), { iss: issuer, sub: "ann", groups })).toMatchObject({
      ...{ iss: issuer, sub: "ann", groups: ["team one", "admin"] },
    });
});

test("of another token than API Gateway was sent nothing counts", async () => {
  const gateway = new GatewayTokens(rules);
  const told = { iss: issuer, sub: "ann", groups: "[team]" };
  const forged = tokenOf({ iss: issuer, sub: "root", groups: ["admin"], more: "x" });
  expect(await gateway.claimsOf(forged, told)).toEqual({ iss: issuer });
  for (const other of [undefined, null, "claims", ["claims"]])
    await expect(gateway.claimsOf(forged, other)).rejects.toMatchObject(invalid);
  for (const text of ["a.b.c", "", `e30.${Buffer.from("[]").toString("base64url")}.x`])
    await expect(gateway.claimsOf(text, told)).rejects.toMatchObject(invalid);
});
