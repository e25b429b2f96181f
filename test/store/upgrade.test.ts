import { createS3Lakehouse } from "../support/s3-lakehouse.ts";
import { s3Places } from "../support/stack-stores.ts";
import { describeUpgrade } from "../support/upgrade-suite.ts";

describeUpgrade("on MinIO", async () => {
  const { environment, bucket, stores, remove } = await createS3Lakehouse(s3Places.MinIO());
  return { environment: { ...environment, LAKEHOUSE_AUTH: "keys" }, stores, sources: bucket, remove };
});
