import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { credentialsFor } from "../../../lib/adapters/store/s3-credentials.ts";
import { parseListing } from "../../../lib/adapters/store/s3-listing.ts";
import { S3Store } from "../../../lib/adapters/store/s3-store.ts";
import type { Bucket } from "../../../lib/domain/bucket.ts";
import { trustedCertificate } from "../../support/certificate.ts";
import { FaultProxy } from "../../support/fault-proxy.ts";
import { startS3Server } from "../../support/s3-server.ts";

const bucket: Bucket = {
  name: "b",
  backend: "s3",
  root: "s3://b/p",
  readOnly: false,
  region: "us-east-1",
  credentials: { accessKeyId: "own", secretAccessKey: "secret" },
};

afterEach(() => vi.unstubAllEnvs());

test("a listing's keys are read as they were before the store wrote them as XML", () => {
  const xml = `<?xml version="1.0"?><ListBucketResult><NextContinuationToken>a&#43;b</NextContinuationToken>
    <Contents><Key>p/&lt;a&gt; &amp;amp; &quot;b&apos;&#x1F600;</Key><ETag>&#34;1a&#34;</ETag><Size>12</Size><LastModified>2026-02-03T04:05:06.789Z</LastModified><Owner><ID>x</ID></Owner></Contents>
    <Contents>
      <Key>p/c</Key>
      <Size>0</Size>
    </Contents></ListBucketResult>`;
  expect(parseListing(xml)).toEqual({
    objects: [
      {
        key: `p/<a> &amp; "b'😀`,
        bytes: 12,
        identity: '"1a"',
        modifiedMs: Date.UTC(2026, 1, 3, 4, 5, 6, 789),
      },
      { key: "p/c", bytes: 0, identity: "", modifiedMs: Number.NaN },
    ],
    continuation: "a+b",
  });
  expect(parseListing("<ListBucketResult></ListBucketResult>")).toEqual({ objects: [] });
});

describe("a request is signed with", () => {
  test("the bucket's own credentials, before those of the environment", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", "environment");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
    expect(await credentialsFor(bucket)()).toMatchObject({ accessKeyId: "own" });
    const { credentials: _, ...without } = bucket;
    expect(await credentialsFor(without)()).toMatchObject({ accessKeyId: "environment" });
  });

  test("those of the profile that is named", async () => {
    const folder = await mkdtemp(join(tmpdir(), "profile-"));
    const file = join(folder, "credentials");
    await writeFile(file, "[other]\naws_access_key_id = profile\naws_secret_access_key = secret\n");
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", file);
    vi.stubEnv("AWS_PROFILE", "other");
    const { credentials: _, ...without } = bucket;
    expect(await credentialsFor(without)()).toMatchObject({ accessKeyId: "profile" });
    await rm(folder, { recursive: true });
  });
});

test.each(["start", "answer"] as const)(
  "a connection that breaks at its %s is asked again, an object is never cut short",
  async (at) => {
    const server = await startS3Server();
    const proxy = await FaultProxy.start(server.endpoint);
    const store = new S3Store({ ...bucket, endpoint: proxy.endpoint });
    const body = new Uint8Array(100_000).fill(7);
    await store.put("k & ü+(1)", body);
    proxy.resetCounts();
    proxy.fault = ({ number }) => (number < 2 ? { kind: "reset", at } : undefined);
    const stored = await store.get("k & ü+(1)");
    expect(Buffer.compare(stored?.body ?? new Uint8Array(), body)).toBe(0);
    expect(proxy.counts.requests).toBe(3);
    await proxy.stop();
    await server.stop();
  },
);

test.each(["http", "https"])(
  "answers that come at once, over %s connections whose memory is used again, are each whole",
  async (protocol) => {
    const server = await startS3Server(protocol === "https" ? await trustedCertificate() : undefined);
    const store = new S3Store({ ...bucket, endpoint: server.endpoint });
    const bodies = Array.from({ length: 8 }, (_, i) => randomBytes(700_000 * (i + 1)));
    await Promise.all(bodies.map((body, i) => store.put(`${i}`, body)));
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(bodies.map((_, i) => store.get(`${i}`)));
      expect(
        answers.map((answer, i) => Buffer.compare(answer?.body ?? nothing, bodies[i] ?? nothing)),
      ).toEqual(bodies.map(() => 0));
    }
    await server.stop();
  },
);

const nothing = new Uint8Array();
