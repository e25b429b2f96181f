import { describeFirstColumns } from "../support/first-columns.ts";
import { createS3Lakehouse } from "../support/s3-lakehouse.ts";
import { s3Places } from "../support/stack-stores.ts";

describeFirstColumns("MinIO", () => createS3Lakehouse(s3Places.MinIO()));
