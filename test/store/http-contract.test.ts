import { describeHttpContract } from "../support/http-contract.ts";
import { createS3Lakehouse } from "../support/s3-lakehouse.ts";
import { s3Places } from "../support/stack-stores.ts";

for (const [name, place] of Object.entries(s3Places))
  describeHttpContract(`${name}'s S3`, async (providers) => {
    const lakehouse = await createS3Lakehouse(place(), providers);
    return { ...lakehouse, secrets: [lakehouse.name, place().endpoint] };
  });
