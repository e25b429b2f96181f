import type { Context } from "aws-lambda";
import type { HttpEvent } from "./http-handler.ts";
import { notFoundHandler } from "./not-found-handler.ts";
import type { Operation } from "./operations/operation.ts";

type Handler<R> = (event: HttpEvent, context: Context) => Promise<R>;

/**
 * For a function that has a URL of its own (deploy/search-url.cjs), too: there nobody looks for the route of a request and
 * takes the path's parameters from it.
 * @param operations whose requests `handler` takes; of their paths no parameter has to be decoded
 */
export function withOwnUrl<R>(operations: Operation[], handler: Handler<R>) {
  const routes = operations.map(({ method, route }) => ({
    method: method.toUpperCase(),
    route,
    path: new RegExp(`^${route.replaceAll(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`),
  }));
  const notFound = notFoundHandler(routes.map(({ method, route }) => `${method} ${route}`));
  return (event: HttpEvent, context: Context) => {
    if (event.routeKey !== "$default") return handler(event, context);
    for (const { method, route, path } of routes) {
      const pathParameters = event.requestContext.http.method === method && path.exec(event.rawPath)?.groups;
      if (pathParameters)
        return handler(
          { ...event, routeKey: `${method} ${route}`, pathParameters: { ...pathParameters } },
          context,
        );
    }
    return notFound(event, context);
  };
}
