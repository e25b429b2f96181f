import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { CloudFormationClient, GetTemplateCommand } from "@aws-sdk/client-cloudformation";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import type { Template } from "../../scripts/bundle/package-stage.ts";

interface Route {
  method: string;
  route: string;
  path: RegExp;
  functionName: string;
}

interface Returned {
  statusCode: number;
  headers?: Record<string, string>;
  body?: string;
  isBase64Encoded?: boolean;
}

/** Stands for API Gateway, which LocalStack has not: the routes of a deployed stack, each by its deployed function. */
export class LambdaGateway {
  readonly #cloudFormation: CloudFormationClient;
  readonly #lambda: LambdaClient;
  readonly #stack: string;
  readonly #server: Server;
  #routes: Promise<Route[]> | undefined;

  constructor(endpoint: string, stack: string) {
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    this.#cloudFormation = new CloudFormationClient({ endpoint, region: "us-east-1", credentials });
    this.#lambda = new LambdaClient({ endpoint, region: "us-east-1", credentials });
    this.#stack = stack;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error) => response.writeHead(502).end(`${error}`));
    });
  }

  /** @returns where it serves */
  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://gateway");
    this.#routes ??= this.#routesOfStack();
    const { method = "GET" } = request;
    const found = (await this.#routes).find((one) => one.method === method && one.path.test(url.pathname));
    if (!found) return void response.writeHead(404).end("no such route");
    const event = await eventOf(request, url, found);
    const { Payload = new Uint8Array(), FunctionError } = await this.#lambda.send(
      new InvokeCommand({ FunctionName: found.functionName, Payload: JSON.stringify(event) }),
    );
    const text = Buffer.from(Payload).toString();
    if (FunctionError) return void response.writeHead(500).end(text);
    const { statusCode, headers, body = "", isBase64Encoded } = JSON.parse(text) as Returned;
    response.writeHead(statusCode, headers).end(Buffer.from(body, isBase64Encoded ? "base64" : "utf8"));
  }

  async #routesOfStack(): Promise<Route[]> {
    const asked = { StackName: this.#stack };
    const { TemplateBody = "{}" } = await this.#cloudFormation.send(new GetTemplateCommand(asked));
    const resources = (JSON.parse(TemplateBody) as Template).Resources;
    return Object.values(resources).flatMap(({ Type, Properties }) => {
      const [method, route] = `${Properties?.["RouteKey"]}`.split(" ");
      const id = /HttpApiIntegration(\w+)/.exec(JSON.stringify(Properties?.["Target"] ?? ""))?.[1];
      if (Type !== "AWS::ApiGatewayV2::Route" || !method || !route) return [];
      const functionName = `${resources[`${id}LambdaFunction`]?.Properties["FunctionName"]}`;
      return [{ method, route, path: patternOf(route), functionName }];
    });
  }
}

/** `{index}` is a segment, `{docId+}` the rest of the path. */
const patternOf = (route: string) =>
  new RegExp(`^${route.replace(/\{(\w+)\+\}/g, "(?<$1>.+)").replace(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`);

/** What API Gateway's HTTP APIs send (payload format 2.0). */
async function eventOf(request: IncomingMessage, url: URL, { method, route, path }: Route) {
  const body = Buffer.concat(await request.toArray()).toString();
  const named = Object.entries(path.exec(url.pathname)?.groups ?? {});
  return {
    version: "2.0",
    routeKey: `${method} ${route}`,
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    headers: request.headers,
    pathParameters: Object.fromEntries(named.map(([name, value]) => [name, decodeURIComponent(value)])),
    requestContext: { requestId: "request", http: { method, path: url.pathname } },
    ...(body ? { body } : {}),
    isBase64Encoded: false,
  };
}
