import { describeHandOver } from "../support/hand-over.ts";

describeHandOver({ limitSeconds: 9, rows: 18_000, files: 300, leastCalls: 2 });
