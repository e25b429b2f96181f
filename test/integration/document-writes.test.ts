import { describeDocumentWrites } from "../support/document-writes.ts";
import { createLakehouse } from "../support/lakehouse.ts";

describeDocumentWrites("a local folder", async () => ({ ...(await createLakehouse()), bucket: "testing" }));
