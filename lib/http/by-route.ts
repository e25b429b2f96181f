import type { Context } from "aws-lambda";
import type { HttpEvent } from "./http-handler.ts";
import type { Operation } from "./operations/operation.ts";

type Handler<R> = (event: HttpEvent, context: Context) => Promise<R>;

/**
 * Several operations as one function, and so in one container: what one of them opens the others find open.
 * @param first takes whatever is for none of the others
 */
export function byRoute<R>(first: Handler<R>, others: [Operation, Handler<R>][]): Handler<R> {
  const handlers = new Map(
    others.map(([{ method, route }, handler]) => [`${method.toUpperCase()} ${route}`, handler]),
  );
  return (event, context) => (handlers.get(routeOf(event.routeKey)) ?? first)(event, context);
}

/**
 * A function of its own may serve a route for some indexes (deploy/search-shards.cjs), and a path's last part may take what
 * is left of it.
 */
const routeOf = (routeKey = "") => routeKey.replace(/^(\w+) \/shards\/\d+\//, "$1 /").replace("+}", "}");
