import { notFoundHandler } from "../lib/http/not-found-handler.ts";

/** Whatever no route takes. */
export const handler = notFoundHandler();
