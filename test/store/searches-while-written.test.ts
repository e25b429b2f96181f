import { createS3Lakehouse } from "../support/s3-lakehouse.ts";
import { describeSearchesWhileWritten } from "../support/searches-while-written.ts";
import { s3Places } from "../support/stack-stores.ts";

describeSearchesWhileWritten("MinIO", () => createS3Lakehouse(s3Places.MinIO()));
