import { describeOtherClients } from "../support/other-clients.ts";
import { createS3Lakehouse } from "../support/s3-lakehouse.ts";
import { s3Places } from "../support/stack-stores.ts";

describeOtherClients("MinIO", () => createS3Lakehouse(s3Places.MinIO()));
