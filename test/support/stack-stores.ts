import { storesFor } from "../../lib/adapters/store/stores.ts";
import { readEnvironment } from "../../lib/config/environment.ts";
import { loadBuckets } from "../../lib/config/lakehouse.ts";
import type { Stores } from "../../lib/domain/object-store.ts";
import type { S3Place } from "./s3-lakehouse.ts";
import { theStack } from "./stack.ts";

/** The buckets of the stack's functions, past the API. */
export function stackStores(): Stores {
  return storesFor(loadBuckets(readEnvironment(theStack().environment)));
}

/** The two S3 stores that the stack has. */
export const s3Places: Record<"MinIO" | "LocalStack", () => S3Place> = {
  MinIO: () => ({ endpoint: theStack().endpoints.minio, credentials: theStack().credentials }),
  LocalStack: () => ({
    endpoint: theStack().endpoints.localstack,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  }),
};
