import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LocalStore } from "../../lib/adapters/store/local-store.ts";
import type { Grant } from "../../lib/domain/access/grants.ts";
import { KeyRegistry } from "../../lib/domain/access/key-registry.ts";
import { type Answer, HttpClient } from "../support/http-client.ts";
import { type OfflineApi, startOffline } from "../support/offline-server.ts";
import { audience, pairOf, TokenIssuer } from "../support/token-issuer.ts";

let data: string;
let issuer: TokenIssuer;
let api: OfflineApi;
let registry: KeyRegistry;

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), "tokens-"));
  issuer = await TokenIssuer.start();
  registry = new KeyRegistry(new LocalStore(data), { now: () => Date.now() });
  await grant("sub", "ann", [
    { actions: ["search", "read", "write", "jobs", "admin"], indexes: ["*"], buckets: ["*"] },
  ]);
  await grant("groups", "team", [{ actions: ["read"], indexes: ["team-*"], buckets: [] }]);
  api = await startOffline({
    DATA_ROOT: data,
    LAKEHOUSE_AUTH: "jwt",
    LAKEHOUSE_JWT_ISSUER: issuer.url,
    LAKEHOUSE_JWT_AUDIENCE: audience,
    LAKEHOUSE_JWT_CLAIM: "groups",
  });
});

afterAll(async () => {
  await api?.stop();
  await issuer?.stop();
  await rm(data, { recursive: true, force: true });
});

const grant = (claim: string, value: string, grants: Grant[]) =>
  registry.grant({ name: value, grants, token: { issuer: issuer.url, claim, value } });

const asked = (token: string, name: "listIndexes" | "createIndex" = "listIndexes", body?: object) =>
  new HttpClient(api.url).call(name, {}, { body, headers: { authorization: `Bearer ${token}` } });
const outcome = ({ status, body }: Answer) => [status, body.code];
const challenge = ({ headers }: Answer) => headers.get("www-authenticate");

test("while the issuer does not answer, who sends a token is asked to come again", async () => {
  const token = await issuer.token("ann");
  issuer.answers.set("/keys", { status: 503, body: "" });
  const answer = await asked(token);
  expect(outcome(answer)).toEqual([503, "issuer-unavailable"]);
  expect(answer.headers.get("retry-after")).toBe("1");
  issuer.answers.clear();
  await expect.poll(async () => (await asked(token)).status, { timeout: 10_000 }).toBe(200);
});

test("a subject does what was granted to it, and others what was granted to their group", async () => {
  const ann = await issuer.token("ann");
  for (const name of ["team-a", "other"])
    expect((await asked(ann, "createIndex", { name, dimension: 2 })).status).toBe(201);
  const bob = await issuer.token("bob", { groups: ["team", "all"] });
  const listed = await asked(bob);
  expect(listed.body.indexes.map(({ name }: { name: string }) => name)).toEqual(["team-a"]);
  const refused = await asked(bob, "createIndex", { name: "team-b", dimension: 2 });
  expect(outcome(refused)).toEqual([403, "forbidden"]);
  await expect.poll(() => api.logs()).toMatch(/"audit".*"subject":"bob".*"did":"createIndex"/);
  const nobody = await asked(await issuer.token("eve", { groups: ["all"] }));
  expect(outcome(nobody)).toEqual([403, "forbidden"]);
  expect(challenge(nobody)).toContain('error="insufficient_scope"');
});

test("who sends no token is asked for one, and who sends one that does not hold is told so", async () => {
  const without = await new HttpClient(api.url).call("listIndexes");
  expect([outcome(without), challenge(without)]).toEqual([
    [401, "unauthenticated"],
    'Bearer realm="serverless-lance"',
  ]);
  const { key } = await registry.create({
    name: "key",
    grants: [{ actions: ["read"], indexes: ["*"], buckets: [] }],
  });
  const past = Math.floor(Date.now() / 1_000) - 60;
  for (const token of [
    await issuer.token("ann", { exp: past }),
    await issuer.token("ann", { aud: "another" }),
    await issuer.token("ann", { iss: "https://issuer.example" }),
    await issuer.token("ann", {}, await pairOf("first", "ES256")),
    key,
  ]) {
    const answer = await asked(token);
    expect(outcome(answer)).toEqual([401, "invalid-token"]);
    expect(challenge(answer)).toBe('Bearer realm="serverless-lance", error="invalid_token"');
    expect(JSON.stringify(answer.body)).not.toContain(token);
    expect(api.logs()).not.toContain(token.split(".")[2] ?? token);
  }
});
