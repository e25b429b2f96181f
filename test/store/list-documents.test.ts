import { describeListing } from "../support/listing-suite.ts";
import { createS3Lakehouse } from "../support/s3-lakehouse.ts";
import { s3Places } from "../support/stack-stores.ts";

for (const [name, place] of Object.entries(s3Places))
  describeListing(`${name}'s S3`, () => createS3Lakehouse(place()));
