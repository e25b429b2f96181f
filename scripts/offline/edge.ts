import { limits } from "../../lib/config/limits.ts";
import { badRequest, DomainError } from "../../lib/domain/errors.ts";
import { refuseUnboundedJson } from "../../lib/http/json-bounds.ts";
import type { Operation } from "../../lib/http/operations/operation.ts";
import { operations } from "../../lib/http/operations.ts";
import { refusal } from "../../lib/http/refusal.ts";
import { isStream } from "../../lib/http/stream-type.ts";
import { answerUnparsed } from "./answer-unparsed.ts";
import type { Boom, HapiRequest, HapiResponse, HapiServer, Toolkit } from "./hapi.ts";

const edged = new WeakSet<HapiServer>();

/**
 * serverless-offline asks for a scheme of authentication for each of its routes, which is where it lets its server be
 * reached. Nobody is refused by it: it makes the server answer what it answers itself as our handlers would, and hands
 * them a signal that is aborted when a request's client goes away.
 */
function edge(_endpoint: unknown, functionKey: string, method: string, path: string) {
  const name = `${functionKey} ${method} ${path}`;
  return {
    name,
    scheme: `scheme of ${name}`,
    getAuthenticateFunction: (server: HapiServer) => {
      if (!edged.has(server)) extend(server);
      return { authenticate };
    },
  };
}

export { edge as "module.exports" };

function extend(server: HapiServer): void {
  edged.add(server);
  server.ext("onPreHandler", refuseUnfit);
  server.ext("onPreResponse", answerOurWay);
  answerUnparsed(server.listener);
}

function authenticate({ raw: { res } }: HapiRequest, h: Toolkit): unknown {
  const client = new AbortController();
  res.once("close", () => {
    if (!res.writableFinished) client.abort();
  });
  return h.authenticated({ credentials: { context: { signal: client.signal } } });
}

/** Before serverless-offline parses URL and body for itself. */
async function refuseUnfit(request: HapiRequest, h: Toolkit): Promise<unknown> {
  const { payload, mime, headers } = request;
  try {
    if (headers["host"] && !URL.canParse(`http://${headers["host"]}`))
      throw badRequest({ path: "header.host", message: "is no host" });
    refuseTwoKeys(request);
    if (!Buffer.isBuffer(payload)) return h.continue;
    const { maxBodyBytes, jsonBounds, streamOf } = operationOf(request);
    const most = maxBodyBytes || limits.maxBodyBytes; // a route that takes none says so itself
    if (payload.length > most) throw bodyTooLarge(most);
    if (mime?.endsWith("json")) refuseUnboundedJson(payload.toString(), jsonBounds);
    if (streamOf && isStream(mime)) request.payload = payload.toString("base64"); // as API Gateway hands bytes over
    return h.continue;
  } catch (error) {
    return (await refusedBy(error as DomainError, headers, h)).takeover();
  }
}

/** Of a header that is sent twice serverless-offline takes the last; API Gateway makes one of both, which is no key. */
function refuseTwoKeys({ raw: { req } }: HapiRequest): void {
  const names = req.rawHeaders.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
  for (const name of ["x-api-key", "authorization"])
    if (names.indexOf(name) !== names.lastIndexOf(name))
      throw new DomainError("Unauthenticated", `${name} is there twice: send one key`);
}

/** What a route may be sent; of one that is not ours, what most of ours may. */
function operationOf({
  method,
  route,
}: HapiRequest): Pick<Operation, "maxBodyBytes" | "jsonBounds" | "streamOf"> {
  const isAsked = (one: Operation) => one.method === method && one.route === route.path;
  return Object.values<Operation>(operations).find(isAsked) ?? { maxBodyBytes: limits.maxBodyBytes };
}

async function answerOurWay(request: HapiRequest, h: Toolkit): Promise<unknown> {
  const { response, headers, method } = request;
  if (response.isBoom) return refusedBy(errorOf(response, request), headers, h);
  if (method === "options") return withoutPreflight(response, h);
  const isOurs = response.statusCode < 400 || String(response.headers["content-type"]).includes("problem");
  if (isOurs) return h.continue;
  return refusedBy(new DomainError("Internal", "the function did not answer"), headers, h); // its text has a stack
}

/** Where no CORS is configured, serverless-offline answers 200 to a preflight, with the body of our 404. */
function withoutPreflight(response: HapiResponse, h: Toolkit): unknown {
  const { status } = JSON.parse(String(response.source || "{}")) as { status?: number };
  if (response.statusCode !== 200 || status === undefined) return h.continue;
  response.statusCode = status;
  for (const name of Object.keys(response.headers))
    if (name.startsWith("access-control-")) delete response.headers[name];
  return h.continue;
}

async function refusedBy(
  error: DomainError,
  requestHeaders: HapiRequest["headers"],
  h: Toolkit,
): Promise<HapiResponse> {
  const { statusCode, headers, body } = await refusal(error, requestHeaders);
  const response = h.response(body).code(statusCode);
  for (const [name, value] of Object.entries(headers)) response.header(name, value);
  return response;
}

/** What hapi refuses by itself. */
function errorOf({ output: { statusCode }, message }: Boom, { raw }: HapiRequest): DomainError {
  if (statusCode === 413) return bodyTooLarge(limits.maxDocumentsBodyBytes);
  if (statusCode === 415 || /content-type/i.test(message))
    return new DomainError("UnsupportedMediaType", "send the body as application/json");
  if (statusCode === 404) return new DomainError("RouteNotFound", "no such route");
  if (statusCode >= 500)
    return new DomainError("Internal", "the server failed", { cause: new Error(message) });
  if (!isDecodable(raw.req.url ?? ""))
    return badRequest({ path: "path", message: "is not percent-encoded as it should be" });
  return badRequest({
    path: "request",
    message: statusCode === 408 ? "did not arrive in time" : "is not valid HTTP",
  });
}

function isDecodable(url: string): boolean {
  try {
    decodeURIComponent(url.replace(/\?.*$/s, ""));
    return true;
  } catch {
    return false;
  }
}

const bodyTooLarge = (most: number) =>
  new DomainError("BodyTooLarge", `the body has more than ${most} bytes`);
