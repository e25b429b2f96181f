import { createLakehouse } from "../support/lakehouse.ts";
import { describeSearchesWhileWritten } from "../support/searches-while-written.ts";

describeSearchesWhileWritten("a local folder", async () => ({
  ...(await createLakehouse()),
  bucket: "testing",
}));
