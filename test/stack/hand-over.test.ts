import { describeHandOver } from "../support/hand-over.ts";

describeHandOver({ limitSeconds: 7, rows: 18_000, files: 300, leastCalls: 3 });
