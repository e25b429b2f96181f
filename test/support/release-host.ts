import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

/**
 * Serves a release's functions over HTTP: `release-host.ts FOLDER`. Imports nothing of this project: code, routes and packages are
 * the release's own. What it leans on is what API Gateway and Lambda promise each other.
 */
const [folder = ""] = process.argv.slice(2);

interface Route {
  method: string;
  /** As API Gateway names it: `POST /indexes/{index}/search`. */
  key: string;
  pattern: RegExp;
  /** `functions/search` */
  file: string;
}

type Handler = (
  event: object,
  context: object,
) => Promise<{ statusCode: number; headers: object; body: string }>;

/** A path without parameters goes before one with. */
function routesIn(yaml: string): Route[] {
  const found: Route[] = [];
  let file = "";
  for (const line of yaml.split("\n")) {
    file = /^ {4}handler: (\S+)\.handler/.exec(line)?.[1] ?? file;
    const [, method, path] = /^ +- httpApi: (\w+) (\/\S*)/.exec(line) ?? [];
    if (method && path) found.push({ method, key: `${method} ${path}`, pattern: patternOf(path), file });
  }
  return found.sort((a, b) => a.key.split("{").length - b.key.split("{").length);
}

const patternOf = (path: string) =>
  new RegExp(
    `^${path.replace(/\{(\w+)(\+?)\}/g, (_, name, rest) => `(?<${name}>${rest ? ".+" : "[^/]+"})`)}$`,
  );

const routes = routesIn(readFileSync(join(folder, "serverless.yml"), "utf8"));

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://release");
  const path = decodeURIComponent(url.pathname);
  const route = routes.find(({ method, pattern }) => method === request.method && pattern.test(path));
  if (!route) return void response.writeHead(404).end('{"code": "no-such-route"}');
  const event = {
    ...{ version: "2.0", routeKey: route.key, rawPath: url.pathname, rawQueryString: url.search.slice(1) },
    headers: request.headers,
    pathParameters: { ...route.pattern.exec(path)?.groups },
    queryStringParameters: Object.fromEntries(url.searchParams),
    requestContext: { http: { method: request.method, path: url.pathname }, requestId: "release" },
    body: await text(request),
    isBase64Encoded: false,
  };
  const { handler } = (await import(pathToFileURL(join(folder, `${route.file}.ts`)).href)) as {
    handler: Handler;
  };
  const { statusCode, headers, body } = await handler(event, context);
  response.writeHead(statusCode, { ...headers }).end(body);
}

const context = {
  awsRequestId: "release",
  functionName: "release",
  getRemainingTimeInMillis: () => 29_000,
};

const server = createServer((request, response) => {
  answer(request, response).catch((error) =>
    response.writeHead(599).end(JSON.stringify({ code: String(error) })),
  );
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
process.send?.({ port: (server.address() as { port: number }).port });
process.once("disconnect", () => process.exit()); // with who started it
