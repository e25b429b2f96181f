import { handler } from "../functions/search.ts";
import type { HttpEvent } from "../lib/http/http-handler.ts";
import { lambdaContext } from "./search-event.ts";

/** A search through the exported handler, on a copy of the event, whose body it parses in place. @returns the body */
export async function handledSearch(event: HttpEvent | undefined): Promise<string> {
  if (!event) throw new Error("there is no such event");
  const response = await handler({ ...event }, lambdaContext);
  if (response.statusCode !== 200) throw new Error(response.body);
  return response.body ?? "";
}

/** The ids a handler's answer names. */
export function idsIn(body: string): string[] {
  return (JSON.parse(body).hits as { doc_id: string }[]).map(({ doc_id }) => doc_id);
}
