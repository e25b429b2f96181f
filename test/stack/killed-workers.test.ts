import { describeKilledWorkers } from "../support/killed-workers.ts";

describeKilledWorkers({ kills: 6, rows: 30_000, files: 60 });
