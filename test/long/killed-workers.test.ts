import { describeKilledWorkers } from "../support/killed-workers.ts";

describeKilledWorkers({ kills: 20, rows: 60_000, files: 120 });
