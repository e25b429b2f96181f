import { describeStoreOutage } from "../support/store-outage.ts";

describeStoreOutage({ rows: 30_000, files: 60, outageMs: 10_000 });
