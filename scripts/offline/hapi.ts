import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";

/** What we use of the hapi server in serverless-offline. */
export interface HapiServer {
  listener: HttpServer;
  ext(event: "onPreHandler" | "onPreResponse", method: (request: HapiRequest, h: Toolkit) => unknown): void;
}

export interface HapiRequest {
  method: string;
  /** That it was matched with. */
  route: { path: string };
  /** Of its content type, once that was read. */
  mime: string | null;
  headers: Record<string, string | undefined>;
  payload: unknown;
  raw: { req: IncomingMessage; res: ServerResponse };
  response: HapiResponse | Boom;
}

export interface Boom extends Error {
  isBoom: true;
  output: { statusCode: number };
}

export interface HapiResponse {
  isBoom?: false;
  statusCode: number;
  source: unknown;
  headers: Record<string, string | string[] | undefined>;
  code(status: number): HapiResponse;
  header(name: string, value: string): HapiResponse;
  takeover(): HapiResponse;
}

export interface Toolkit {
  continue: symbol;
  response(body: string): HapiResponse;
  authenticated(data: { credentials: object }): unknown;
}
