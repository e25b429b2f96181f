import {
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionUpdatedV2,
} from "@aws-sdk/client-lambda";
import type { Template } from "../../scripts/bundle/package-stage.ts";
import type { Stack } from "../../scripts/stack/stack.ts";
import { type AwsCall, modelCalls, parameterCalls, s3Calls, stepFunctionsCalls } from "./aws-calls.ts";
import { type Answer, HttpClient, type Sent } from "./http-client.ts";
import { recordingProxy, type SeenRequest } from "./recording-proxy.ts";

/**
 * The stack's functions, each with a way of its own to the store, Step Functions, SSM and Bedrock, so that whose call one is is known:
 * LanceDB's calls and the SDK's alike.
 */
export class RecordedFunctions extends HttpClient {
  /** By the logical id of the function. */
  readonly calls = new Map<string, AwsCall[]>();
  readonly #stack: Stack;
  readonly #lambda: LambdaClient;
  readonly #routes: { key: string; path: RegExp; id: string }[];
  readonly #names: Map<string, string>;
  readonly #headers: Record<string, string>;
  readonly #undo: (() => Promise<unknown>)[] = [];

  constructor(stack: Stack, template: Template, headers: Record<string, string>) {
    super("");
    this.#stack = stack;
    this.#headers = headers;
    this.#lambda = new LambdaClient({
      endpoint: stack.endpoints.localstack,
      region: "us-east-1",
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    });
    this.#names = functionsIn(template);
    this.#routes = routesIn(template);
  }

  /** @param bedrock what stands for it */
  async start(variables: Record<string, string>, bedrock: string): Promise<void> {
    await Promise.all([...this.#names.keys()].map((id) => this.#record(id, variables, bedrock)));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#undo.map((undo) => undo()));
    this.#lambda.destroy();
  }

  async #record(id: string, variables: Record<string, string>, bedrock: string): Promise<void> {
    const own: AwsCall[] = [];
    this.calls.set(id, own);
    const { minio, localstack } = this.#stack.endpoints;
    const recorder = (of: (request: SeenRequest) => AwsCall[]) => (request: SeenRequest) =>
      void own.push(...of(request));
    const store = await recordingProxy(minio, recorder(s3Calls));
    const machines = await recordingProxy(localstack, recorder(stepFunctionsCalls));
    const parameters = await recordingProxy(localstack, recorder(parameterCalls));
    const models = await recordingProxy(bedrock, recorder(modelCalls));
    const FunctionName = this.#names.get(id);
    const { Environment } = await this.#lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
    const before = Environment?.Variables ?? {};
    const ways = {
      AWS_ENDPOINT: store.endpoint,
      AWS_ENDPOINT_URL_SFN: machines.endpoint,
      AWS_ENDPOINT_URL_SSM: parameters.endpoint,
      AWS_ENDPOINT_URL_BEDROCK_RUNTIME: models.endpoint,
    };
    this.#undo.push(() => this.#configure(FunctionName, before));
    this.#undo.push(...[store, machines, parameters, models].map(({ stop }) => stop));
    await this.#configure(FunctionName, { ...before, ...variables, ...ways });
  }

  async #configure(FunctionName: string | undefined, Variables: Record<string, string>): Promise<void> {
    await this.#lambda.send(
      new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables } }),
    );
    const client = this.#lambda;
    await waitUntilFunctionUpdatedV2({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { FunctionName });
  }

  /** As API Gateway does: by the route, with the path's parameters decoded. */
  override async send(method: string, path: string, { body, headers = {} }: Sent = {}): Promise<Answer> {
    const { pathname, searchParams } = new URL(path, "http://api");
    const route = this.#routes.find((one) => one.key.startsWith(`${method} `) && one.path.test(pathname));
    const parameters = Object.entries(route?.path.exec(pathname)?.groups ?? {});
    const returned = await this.invoke(route?.id ?? "NotFoundLambdaFunction", {
      version: "2.0",
      routeKey: route?.key ?? "$default",
      rawPath: pathname,
      headers: { "content-type": "application/json", ...this.#headers, ...headers },
      pathParameters: Object.fromEntries(
        parameters.map(([name, value]) => [name, decodeURIComponent(value)]),
      ),
      queryStringParameters: Object.fromEntries(searchParams),
      requestContext: { http: { method, path: pathname } },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      isBase64Encoded: false,
    });
    const text = returned.body as string | undefined;
    return {
      status: returned.statusCode,
      headers: new Headers(returned.headers),
      body: text ? JSON.parse(text) : undefined,
    };
  }

  // biome-ignore lint/suspicious/noExplicitAny: what a function returns is its own
  async invoke(id: string, event: unknown): Promise<any> {
    const Payload = Buffer.from(JSON.stringify(event));
    const answer = await this.#lambda.send(new InvokeCommand({ FunctionName: this.#names.get(id), Payload }));
    const text = Buffer.from(answer.Payload ?? []).toString();
    if (answer.FunctionError) throw new Error(`${id}: ${text}`);
    return JSON.parse(text);
  }
}

const functionsIn = (template: Template) =>
  new Map(
    Object.entries(template.Resources).flatMap(([id, { Type, Properties }]) =>
      Type === "AWS::Lambda::Function" ? [[id, `${Properties["FunctionName"]}`]] : [],
    ),
  );

function routesIn(template: Template) {
  return Object.values(template.Resources).flatMap(({ Type, Properties }) => {
    if (Type !== "AWS::ApiGatewayV2::Route" || Properties["RouteKey"] === "$default") return [];
    const key = `${Properties["RouteKey"]}`;
    const source = (key.split(" ")[1] ?? "").replaceAll(
      /\{(\w+)(\+?)\}/g,
      (_, name, rest) => `(?<${name}>${rest ? ".+" : "[^/]+"})`,
    );
    const integration = /HttpApiIntegration(\w+)/.exec(JSON.stringify(Properties["Target"]))?.[1];
    return [{ key, path: new RegExp(`^${source}$`), id: `${integration}LambdaFunction` }];
  });
}
