import { describeHandOver } from "../support/hand-over.ts";

describeHandOver({ limitSeconds: 7, rows: 20_000, files: 100, leastCalls: 3 });
