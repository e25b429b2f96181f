import { once } from "node:events";
import { createServer } from "node:http";
import { exportJWK, exportSPKI, SignJWT, UnsecuredJWT } from "jose";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { IssuerTokens } from "../../../lib/adapters/token/issuer-tokens.ts";
import { limits } from "../../../lib/config/limits.ts";
import { audience, pairOf, TokenIssuer } from "../../support/token-issuer.ts";

let issuer: TokenIssuer;
let tokens: IssuerTokens;

beforeEach(async () => {
  issuer = await TokenIssuer.start();
  tokens = issuedBy(issuer.url);
});

afterEach(async () => {
  vi.useRealTimers();
  await issuer.stop();
});

const issuedBy = (url: string) =>
  new IssuerTokens({ issuer: url, audiences: [audience, "other"], claim: undefined });
const now = () => Math.floor(Date.now() / 1_000);
const invalid = { kind: "InvalidToken" };
const unavailable = { kind: "IssuerUnavailable", retryable: true };
/** Clocks alone: what waits goes on. */
const pass = (ms: number) => vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + ms });

test.each(["RS256", "PS384", "ES256", "EdDSA"])(
  "a token by a key pair of %s says who sent it",
  async (alg) => {
    await issuer.rotate("pair", { alg });
    const token = await issuer.token("somebody", { groups: ["a b", "c"] });
    expect(await tokens.claimsOf(token)).toMatchObject({ sub: "somebody", groups: ["a b", "c"] });
  },
);

test("many tokens ask for the issuer's documents once", async () => {
  const token = await issuer.token("somebody");
  await Promise.all(Array.from({ length: 20 }, () => tokens.claimsOf(token)));
  await tokens.claimsOf(await issuer.token("other", { aud: ["other", "more"] }));
  expect(issuer.asked).toEqual(["/.well-known/openid-configuration", "/keys"]);
});

test.each([
  ["has expired", () => ({ exp: now() - 60 })],
  ["does not hold yet", () => ({ nbf: now() + 60 })],
  ["never expires", () => ({ exp: undefined })],
  ["is for another API", () => ({ aud: "another" })],
  ["is for none", () => ({ aud: undefined })],
  ["is of another issuer", () => ({ iss: "https://issuer.example" })],
  ["is of nobody", () => ({ sub: undefined })],
])("a token that %s is refused", async (_, claims) => {
  await expect(tokens.claimsOf(await issuer.token("somebody", claims()))).rejects.toMatchObject(invalid);
});

test("a token that anybody can make is refused", async () => {
  const held = { iss: issuer.url, aud: audience, sub: "somebody", exp: now() + 300 };
  const published = new TextEncoder().encode(await exportSPKI(issuer.current.publicKey));
  const header = { alg: "HS256", kid: issuer.current.kid };
  const [sent, , signature] = (await issuer.token("somebody")).split(".");
  const forged = Buffer.from(JSON.stringify({ ...held, sub: "root" })).toString("base64url");
  for (const token of [
    new UnsecuredJWT(held).encode(),
    await new SignJWT(held).setProtectedHeader(header).sign(published),
    await issuer.token("somebody", {}, await pairOf(issuer.current.kid)),
    `${sent}.${forged}.${signature}`,
    `${sent}.${forged}.`,
    "a.b.c",
  ])
    await expect(tokens.claimsOf(token)).rejects.toMatchObject(invalid);
});

test("a token brings no key of its own, and names none elsewhere", async () => {
  const held = { iss: issuer.url, aud: audience, sub: "somebody", exp: now() + 300 };
  const { kid, alg } = issuer.current;
  const own = await pairOf(kid, alg);
  const jwk = { ...(await exportJWK(own.publicKey)), alg };

  const headers = [
    { kid, jwk },
    { jwk },
    { kid, jku: "http://127.0.0.1:9/keys", x5u: "http://127.0.0.1:9/x5u" },
    ...["../../../dev/null", "' or '1'='1", "", kid.toUpperCase(), "__proto__"].map((kid) => ({ kid })),
  ];
  for (const header of headers) {
    const token = await new SignJWT(held).setProtectedHeader({ alg, ...header }).sign(own.privateKey);
    await expect(tokens.claimsOf(token), JSON.stringify(header)).rejects.toMatchObject(invalid);
  }
  const critical = { alg, kid, crit: ["exp"], exp: now() };
  const signed = new SignJWT(held).setProtectedHeader(critical);
  const token = await signed.sign(issuer.current.privateKey, { crit: { exp: true } });
  await expect(tokens.claimsOf(token)).rejects.toMatchObject(invalid);
  expect(new Set(issuer.asked)).toEqual(new Set(["/.well-known/openid-configuration", "/keys"]));
});

test("a key that the issuer has changed for another is taken, and asked for no more often than may be", async () => {
  await tokens.claimsOf(await issuer.token("somebody"));
  const before = await issuer.token("somebody");
  await issuer.rotate("second");
  const after = await issuer.token("somebody");
  for (let i = 0; i < 3; i++) await expect(tokens.claimsOf(after)).rejects.toMatchObject(invalid);
  expect(issuer.asked).toHaveLength(2);
  pass(limits.unknownIssuerKeyMs);
  await tokens.claimsOf(after);
  await expect(tokens.claimsOf(before)).rejects.toMatchObject(invalid); // its key is not published any more
  expect(issuer.asked).toHaveLength(3);
});

test("an issuer that does not answer lets in nobody whose key is not known, and refuses nobody for good", async () => {
  const token = await issuer.token("somebody");
  await tokens.claimsOf(token);
  const unknown = issuedBy(issuer.url);
  await issuer.stop();
  await tokens.claimsOf(token);
  await expect(unknown.claimsOf(token)).rejects.toMatchObject(unavailable);
  pass(limits.issuerKeysMs);
  await expect(tokens.claimsOf(await issuer.token("somebody"))).rejects.toMatchObject(unavailable);
});

test.each([
  ["a mistake", { status: 500, body: "{}" }],
  ["another address", { status: 302, body: "" }],
  ["too much", { status: 200, body: JSON.stringify({ keys: [], more: "x".repeat(limits.maxIssuerBytes) }) }],
  ["no JSON", { status: 200, body: "<html>" }],
  ["no keys", { status: 200, body: "[]" }],
])("an issuer that answers %s is asked again after a while", async (_, answer) => {
  const token = await issuer.token("somebody");
  for (const path of ["/.well-known/openid-configuration", "/keys"]) {
    const one = issuedBy(issuer.url);
    issuer.answers.set(path, answer);
    await expect(one.claimsOf(token)).rejects.toMatchObject(unavailable);
    issuer.answers.clear();
    pass(limits.issuerPauseMs);
    await one.claimsOf(token);
  }
});

test("keys come from whoever the issuer says, without going unencrypted to another machine", async () => {
  const token = await issuer.token("somebody");
  const documents = [
    { issuer: "https://issuer.example", jwks_uri: `${issuer.url}/keys` },
    { issuer: issuer.url, jwks_uri: "http://issuer.example/keys" },
    { issuer: issuer.url, jwks_uri: "file:///keys" },
    { issuer: issuer.url },
  ];
  for (const one of documents) {
    issuer.answers.set("/.well-known/openid-configuration", { status: 200, body: JSON.stringify(one) });
    await expect(issuedBy(issuer.url).claimsOf(token)).rejects.toMatchObject(unavailable);
  }
});

test("an issuer that never answers is not waited for longer than its deadline", async () => {
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as { port: number };
  try {
    const token = await issuer.token("somebody", { iss: `http://127.0.0.1:${port}` });
    await expect(issuedBy(`http://127.0.0.1:${port}`).claimsOf(token)).rejects.toMatchObject(unavailable);
  } finally {
    silent.closeAllConnections();
    silent.close();
  }
});
