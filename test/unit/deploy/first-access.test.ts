import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LocalStore } from "../../../lib/adapters/store/local-store.ts";
import { KeyRegistry } from "../../../lib/domain/access/key-registry.ts";
import { parseKeyRequest } from "../../../lib/domain/access/key-request.ts";
import type { Authorize } from "../../../scripts/api-client.ts";
import type { Aws } from "../../../scripts/deploy/aws.ts";
import { withAccess } from "../../../scripts/deploy/check-access.ts";
import { firstAccess } from "../../../scripts/deploy/first-access.ts";

const arn = "arn:aws:sts::123456789012:assumed-role/deployer/somebody";
const role = "arn:aws:iam::123456789012:role/deployer";
let root: string;
let primary: LocalStore;
let registry: KeyRegistry;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "first-access-"));
  primary = new LocalStore(root);
  registry = new KeyRegistry(primary, { now: () => Date.now() });
});

afterEach(() => rm(root, { recursive: true, force: true }));

const stored = async () => (await registry.list(undefined, 100)).keys;

describe("the first access", () => {
  test("is a key that is shown once, and none where somebody may do everything", async () => {
    expect(await firstAccess(registry, "keys", arn)).toMatch(/this once: sl_/);
    expect(await firstAccess(registry, "keys", arn)).toBeUndefined();
    expect(await stored()).toHaveLength(1);
  });

  test("is made anew where the one there was is revoked, and beside keys that may do less", async () => {
    const grants = [{ actions: ["search"], indexes: ["*"], buckets: [] }];
    await registry.create(parseKeyRequest({ name: "web", grants }));
    expect(await firstAccess(registry, "keys", arn)).toMatch(/sl_/);
    for (const { id } of await stored()) await registry.revoke(id);
    expect(await firstAccess(registry, "keys", arn)).toMatch(/sl_/);
  });

  test("is the role of who deploys where identities of AWS count", async () => {
    expect(await firstAccess(registry, "iam", arn)).toBe(`${role} may do everything`);
    expect(await firstAccess(registry, "iam", arn)).toBeUndefined();
  });

  test("is nobody's business where tokens of others count", async () => {
    expect(await firstAccess(registry, "jwt", arn)).toBeUndefined();
    expect(await stored()).toEqual([]);
  });
});

describe("a check", () => {
  const environment = { AWS_REGION: "eu-west-1", AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" };
  const place = () => ({ aws: { arn, environment } as unknown as Aws, registry, primary });
  const request = { method: "GET", url: new URL("https://api.example/indexes?limit=1") };

  /** What its requests say of who sends them. */
  async function headersOf(auth: string, url = request.url, token?: string) {
    let headers: ReturnType<Authorize> | undefined;
    await withAccess(place(), { auth, ...(token ? { token } : {}) }, async (authorize) => {
      headers = authorize?.({ ...request, url });
    });
    return headers;
  }

  test("has a key of its own indexes alone, that ends within an hour even if it is killed", async () => {
    expect(await headersOf("keys")).toEqual({ "x-api-key": expect.stringMatching(/^sl_/) });
    const [key] = (await stored()).flatMap((one) => ("grants" in one ? [one] : []));
    expect(key?.grants.map(({ indexes }) => indexes)).toEqual([["deploy-check-*"]]);
    expect(Date.parse(key?.expiresAt ?? "")).toBeLessThanOrEqual(Date.now() + 3_600_000);
  });

  test("signs for API Gateway, and for a function's own URL", async () => {
    const signed = /^AWS4-HMAC-SHA256 Credential=id\/\d+\/eu-west-1\/execute-api\//;
    expect((await headersOf("iam"))?.["Authorization"]).toMatch(signed);
    const url = new URL("https://x.lambda-url.eu-west-1.on.aws/indexes/a/search");
    expect((await headersOf("iam", url))?.["Authorization"]).toContain("/eu-west-1/lambda/");
  });

  test("sends a token where there is one", async () => {
    expect(await headersOf("jwt", request.url, "abc")).toEqual({ authorization: "Bearer abc" });
    expect(await headersOf("jwt")).toBeUndefined();
  });
});
