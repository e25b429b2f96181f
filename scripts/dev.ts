import { createRequire } from "node:module";
import type { Operation } from "../lib/http/operations/operation.ts";
import { operations } from "../lib/http/operations.ts";
import { startOffline } from "./offline-server.ts";

const { here } = createRequire(import.meta.url)("../deploy/access.cjs") as {
  here(asked: string, host: string): string;
};
const host = process.env["LAKEHOUSE_HOST"] || "127.0.0.1";
const access = here(process.env["LAKEHOUSE_AUTH"] ?? "", host);
const served: Record<string, string> = {
  open: `Open to everybody on this machine: nobody else reaches ${host}.`,
  keys: "Only who has a key is served: npm run keys -- create --name me --admin makes the first.",
  jwt: `Only who has a token of ${process.env["LAKEHOUSE_JWT_ISSUER"]} is served: npm run keys -- create --subject SUB --name me --admin grants the first.`,
};
/** What a call has to send beside what it asks for. */
const sent: Record<string, string> = {
  keys: ` -H "x-api-key: $KEY"`,
  jwt: ` -H "authorization: Bearer $TOKEN"`,
};
const who = sent[access] ?? "";
const port = Number(process.env["PORT"] ?? 3000);
const server = await startOffline({ port, log: process.stdout });
const routes = (Object.values(operations) as Operation[]).map(
  ({ method, route, summary }) => `  ${method.toUpperCase().padEnd(6)} ${route.padEnd(38)} ${summary}`,
);
console.log(`
Serving at ${server.url}
${served[access]}

${routes.join("\n")}

Try:
  curl ${server.url}/health
  curl ${server.url}/jobs${who} -H 'content-type: application/json' -d '{"type":"migrate","index":"words","source":"examples/words"}'
  curl ${server.url}/indexes/words/documents/w08397${who}

Ctrl-C ends it.`);

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void server.stop());
void server.died.then((death) => {
  console.error(`\n${death.message}`);
  process.exitCode = 1;
});
await server.ended;
