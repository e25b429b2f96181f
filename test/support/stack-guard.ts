import { endStack } from "../../scripts/stack/end-stack.ts";

const [run] = process.argv.slice(2);
if (!run) throw new Error("the run folder is missing");

for await (const _ of process.stdin); // until the tests end
await endStack(run, true);
