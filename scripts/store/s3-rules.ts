import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { s3ClientFor } from "../../lib/adapters/store/s3-client.ts";
import { s3Location } from "../../lib/adapters/store/s3-location.ts";
import { S3Store } from "../../lib/adapters/store/s3-store.ts";
import type { Bucket } from "../../lib/domain/bucket.ts";
import { bytes, type S3Place, type StoreRule } from "./store-rule.ts";

const smallestPart = 5 * 1_048_576;
const wrongCause = "No data are at stake; who operates it is told another cause than the true one.";

const missedPages = "LanceDB and this project leave out what is on a later page.";

/** What of S3's protocol is used past the calls that folders have, too. */
export const s3Rules: StoreRule<S3Place>[] = [
  {
    name: "an object that was uploaded in parts is their bytes in order, and not there before the end",
    otherwise: "LanceDB writes larger files so: an index is damaged, or read before it is whole.",
    check: ({ bucket }) => withClient(bucket, uploadedInParts),
  },
  {
    name: "an object larger than one copy may be is copied in parts",
    otherwise: "Jobs that fork an index with files above 5 GiB fail.",
    check: async ({ open, bucket }) => {
      const body = new Uint8Array(randomBytes(2 * smallestPart + 1_000));
      const store = new S3Store(bucket, smallestPart);
      await store.put("large", body);
      await store.copy("large", "copy");
      const copied = await open().get("copy");
      assert.ok(Buffer.compare(copied?.body ?? new Uint8Array(), body) === 0, "the copy has other bytes");
    },
  },
  {
    name: "the last bytes of an object are read without its size",
    otherwise: "Readers of Parquet that ask so, LanceDB's among them, fail there.",
    check: async ({ open, bucket }) => {
      await open().put("k", bytes("0123456789"));
      await withClient(bucket, async (client, at) => {
        const asked = async (Range: string) => {
          const answer = await client.send(new GetObjectCommand({ ...at("k"), Range }));
          return `${await answer.Body?.transformToString()} ${answer.ContentRange}`;
        };
        assert.equal(await asked("bytes=-3"), "789 bytes 7-9/10");
        assert.equal(await asked("bytes=-30"), "0123456789 bytes 0-9/10");
      });
    },
  },
  {
    name: "small pages of a listing follow each other, each key once",
    otherwise: missedPages,
    check: (place) => listsInPages(place, ["a", "a-b", "b c", "c+d", "d&e", "e/f"]),
  },
  {
    name: "so they do where a page ends at a name beyond ASCII",
    otherwise: `${missedPages} That takes more than 1,000 files in one folder with such names.`,
    check: (place) => listsInPages(place, ["a", "ü", "ü b", "漢"]),
  },
  {
    name: "a bucket that is missing is told from an object that is",
    otherwise: "A mistyped bucket looks empty: a job loads nothing, an index is not found.",
    check: ({ bucket }) => {
      const elsewhere = new S3Store({ ...bucket, root: `s3://${s3Location(bucket.root).Bucket}-not-there` });
      return assert.rejects(elsewhere.get("k"), { kind: "StoreBucketMissing" });
    },
  },
  {
    name: "a wrong secret is told as one",
    otherwise: wrongCause,
    check: async ({ bucket }) => {
      const { credentials } = bucket;
      assert.ok(credentials, "the credentials are not known here, so that no wrong ones can be made of them");
      const wrong = { ...credentials, secretAccessKey: `${credentials.secretAccessKey}x` };
      await assert.rejects(new S3Store({ ...bucket, credentials: wrong }).get("k"), {
        kind: "StoreCredentialsRefused",
      });
    },
  },
];

type At = (key: string) => { Bucket: string; Key: string };

async function withClient<T>(bucket: Bucket, work: (client: S3Client, at: At) => Promise<T>): Promise<T> {
  const { Bucket, prefix } = s3Location(bucket.root);
  const client = s3ClientFor(bucket);
  try {
    return await work(client, (key) => ({ Bucket, Key: prefix + key }));
  } finally {
    client.destroy();
  }
}

/** The second part goes first. */
async function uploadedInParts(client: S3Client, at: At): Promise<void> {
  const parts = [randomBytes(smallestPart), randomBytes(1_000)];
  const upload = { ...at("k"), UploadId: await begun(client, at("k")) };
  const tags = new Map<number, string | undefined>();
  for (const PartNumber of [2, 1]) {
    const sent = await client.send(
      new UploadPartCommand({ ...upload, PartNumber, Body: parts[PartNumber - 1] }),
    );
    tags.set(PartNumber, sent.ETag);
  }
  await assert.rejects(client.send(new GetObjectCommand(at("k"))), { name: "NoSuchKey" });
  const Parts = [1, 2].map((PartNumber) => ({ PartNumber, ETag: tags.get(PartNumber) }));
  await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }));
  const { Body } = await client.send(new GetObjectCommand(at("k")));
  assert.equal(digest((await Body?.transformToByteArray()) ?? bytes("")), digest(Buffer.concat(parts)));
}

const begun = async (client: S3Client, at: ReturnType<At>) =>
  (await client.send(new CreateMultipartUploadCommand(at))).UploadId;

const digest = (body: Uint8Array) => createHash("sha256").update(body).digest("hex");

async function listsInPages({ open, bucket }: S3Place, names: string[]): Promise<void> {
  for (const name of names) await open().put(`p/${name}`, bytes(name));
  const listed = await withClient(bucket, (client, at) => inPages(client, at("p/"), 2));
  assert.deepEqual(listed, names);
}

async function inPages(client: S3Client, { Bucket, Key: Prefix }: ReturnType<At>, MaxKeys: number) {
  const names: (string | undefined)[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await client.send(new ListObjectsV2Command({ Bucket, Prefix, MaxKeys, ContinuationToken }));
    names.push(...(page.Contents ?? []).map(({ Key }) => Key?.slice(Prefix.length)));
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken);
  return names;
}
