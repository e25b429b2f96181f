import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { storesFor } from "../../lib/adapters/store/stores.ts";
import { readEnvironment } from "../../lib/config/environment.ts";
import { loadBuckets } from "../../lib/config/lakehouse.ts";
import { describeHttpContract } from "../support/http-contract.ts";

describeHttpContract("a local folder", async (providers) => {
  const root = await mkdtemp(join(tmpdir(), "contract-"));
  const toml = (await readFile("lakehouse.toml", "utf8")).replace('"./examples"', `"${resolve("examples")}"`);
  await writeFile(join(root, "lakehouse.toml"), toml + providers);
  const environment = { DATA_ROOT: join(root, "data"), LAKEHOUSE_TOML: join(root, "lakehouse.toml") };
  return {
    bucket: "testing",
    environment,
    stores: storesFor(loadBuckets(readEnvironment(environment))),
    secrets: [root],
    remove: () => rm(root, { recursive: true, force: true }),
  };
});
