import { endStack } from "./stack/end-stack.ts";
import { developmentRun } from "./stack/folders.ts";

try {
  const purge = process.argv.includes("--purge");
  const ended = await endStack(developmentRun, purge);
  console.log(ended.length === 0 ? "Nothing of the stack ran." : `Ended: ${ended.join(", ")}.`);
  if (purge) console.log("MinIO's data and the logs are removed.");
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
