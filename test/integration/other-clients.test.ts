import { createLakehouse } from "../support/lakehouse.ts";
import { describeOtherClients } from "../support/other-clients.ts";

describeOtherClients("a local folder", async () => ({ ...(await createLakehouse()), bucket: "testing" }));
