import { describeManyRows } from "../support/many-rows.ts";

describeManyRows({ rows: 40_000, files: 40, workers: 8 });
