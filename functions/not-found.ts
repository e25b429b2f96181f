import { notFoundHandler } from "../lib/http/not-found-handler.ts";
import type { Operation } from "../lib/http/operations/operation.ts";
import { operations } from "../lib/http/operations.ts";
import { answeringPreflights } from "../lib/http/preflight.ts";

const routes = (Object.values(operations) as Operation[]).map(
  ({ method, route }) => `${method.toUpperCase()} ${route}`,
);

/** Whatever no route takes; and preflights. */
export const handler = answeringPreflights(notFoundHandler(routes));
