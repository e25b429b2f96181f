import { describeHandOver } from "../support/hand-over.ts";

describeHandOver({ limitSeconds: 20, rows: 100_000, files: 1_000, leastCalls: 5 });
