import { pathToFileURL } from "node:url";

/**
 * Calls bundled handlers one after the other, as Lambda does. Imports nothing of the project: what the bundle needs has
 * to be found from where it lies. Arguments: its folder; then calls come as messages, and answers go back.
 */
export interface Call {
  /** `search` for functions/search.mjs */
  handler: string;
  event: unknown;
}

const context = {
  awsRequestId: "test",
  functionName: "test",
  getRemainingTimeInMillis: () => 25_000,
};

process.on("message", async ({ handler, event }: Call) => {
  try {
    const url = pathToFileURL(`${process.argv[2]}/functions/${handler}.mjs`).href;
    const answer = await (await import(url)).handler(event, context);
    process.send?.({ answer });
  } catch (error) {
    process.send?.({ error: error instanceof Error ? `${error.stack}` : String(error) });
  }
});
