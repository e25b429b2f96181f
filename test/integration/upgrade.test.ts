import { storesFor } from "../../lib/adapters/store/stores.ts";
import { readEnvironment } from "../../lib/config/environment.ts";
import { loadBuckets } from "../../lib/config/lakehouse.ts";
import { createLakehouse } from "../support/lakehouse.ts";
import { describeUpgrade } from "../support/upgrade-suite.ts";

describeUpgrade("in a local folder", async () => {
  const { environment: own, remove } = await createLakehouse();
  const environment = { ...own, LAKEHOUSE_AUTH: "keys" };
  const stores = storesFor(loadBuckets(readEnvironment(environment)));
  return { environment, stores, sources: "source", remove };
});
