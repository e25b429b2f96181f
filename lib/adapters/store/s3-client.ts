import { S3Client } from "@aws-sdk/client-s3";
import { limits } from "../../config/limits.ts";
import type { Bucket } from "../../domain/bucket.ts";
import { kindOf, requestCounts } from "./request-counts.ts";
import { maxAttempts } from "./s3-errors.ts";

/** The AWS client for a bucket's endpoint; path style, which every S3-compatible store understands. */
export function s3ClientFor(bucket: Pick<Bucket, "credentials" | "region" | "endpoint">): S3Client {
  const client = new S3Client({
    region: bucket.region,
    ...(bucket.endpoint ? { endpoint: bucket.endpoint, forcePathStyle: true } : {}),
    ...(bucket.credentials ? { credentials: bucket.credentials } : {}),
    maxAttempts,
    requestHandler: {
      requestTimeout: limits.storeTimeoutMs,
      throwOnRequestTimeout: true, // or it only warns
      connectionTimeout: limits.storeConnectTimeoutMs,
    },
  });
  client.middlewareStack.add(
    (next) => (asked) => {
      count(asked.request as { method: string; query: object });
      return next(asked);
    },
    { step: "deserialize" }, // within what asks again
  );
  return client;
}

function count({ method, query }: { method: string; query: object }): void {
  requestCounts[kindOf(method, query)]++;
}
