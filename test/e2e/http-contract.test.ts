import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storesFor } from "../../lib/adapters/store/stores.ts";
import { readEnvironment } from "../../lib/config/environment.ts";
import { loadBuckets } from "../../lib/config/lakehouse.ts";
import { describeHttpContract } from "../support/http-contract.ts";

describeHttpContract("a local folder", async () => {
  const root = await mkdtemp(join(tmpdir(), "contract-"));
  const environment = { DATA_ROOT: root };
  return {
    bucket: "testing",
    environment,
    stores: storesFor(loadBuckets(readEnvironment(environment))),
    secrets: [root],
    remove: () => rm(root, { recursive: true, force: true }),
  };
});
