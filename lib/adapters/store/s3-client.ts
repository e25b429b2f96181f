import { S3Client } from "@aws-sdk/client-s3";
import { limits } from "../../config/limits.ts";
import type { Bucket } from "../../domain/bucket.ts";
import { maxAttempts } from "./s3-errors.ts";

/** The AWS client for a bucket's endpoint; path style, which every S3-compatible store understands. */
export function s3ClientFor(bucket: Bucket): S3Client {
  return new S3Client({
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
}
