import { describeFirstColumns } from "../support/first-columns.ts";
import { createLakehouse } from "../support/lakehouse.ts";

describeFirstColumns("a local folder", async () => ({ ...(await createLakehouse()), bucket: "testing" }));
