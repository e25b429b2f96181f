import { describeHandOver } from "../support/hand-over.ts";

describeHandOver({ limitSeconds: 9, rows: 20_000, files: 100, leastCalls: 3 });
