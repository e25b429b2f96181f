import type { Operation } from "../lib/http/operations/operation.ts";
import { operations } from "../lib/http/operations.ts";
import { startOffline } from "./offline-server.ts";

const port = Number(process.env["PORT"] ?? 3000);
const server = await startOffline({ port, log: process.stdout });
const routes = (Object.values(operations) as Operation[]).map(
  ({ method, route, summary }) => `  ${method.toUpperCase().padEnd(6)} ${route.padEnd(38)} ${summary}`,
);
console.log(`
Serving at ${server.url}

${routes.join("\n")}

Try:
  curl ${server.url}/health
  curl ${server.url}/jobs -H 'content-type: application/json' -d '{"type":"migrate","index":"words","source":"examples/words"}'
  curl ${server.url}/indexes/words/documents/w08397

Ctrl-C ends it.`);

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void server.stop());
void server.died.then((death) => {
  console.error(`\n${death.message}`);
  process.exitCode = 1;
});
await server.ended;
