import { describeManyRows } from "../support/many-rows.ts";

for (const workers of [1, 2, 4, 8]) describeManyRows({ rows: 100_000, files: 200, workers });
describeManyRows({ rows: 10_000, files: 200, workers: 8 });
describeManyRows({ rows: 1_000_000, files: 200, workers: 8 });
