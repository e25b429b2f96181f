import { createLakehouse } from "../support/lakehouse.ts";
import { describeListing } from "../support/listing-suite.ts";

describeListing("a local folder", async () => ({ ...(await createLakehouse()), bucket: "testing" }));
