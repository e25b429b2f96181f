import { once } from "node:events";
import {
  Agent,
  createServer,
  type IncomingMessage,
  request as requestOf,
  type ServerResponse,
} from "node:http";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";

/** A request as a service of AWS gets it. */
export interface SeenRequest {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  body: Buffer;
}

/** Stands before a service and shows each request, body and all, before it goes on as it was signed. */
export async function recordingProxy(target: string, seen: (request: SeenRequest) => void) {
  const { hostname, port } = new URL(target);
  const agent = new Agent({ keepAlive: true });
  const pass = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = "", url: path = "", headers, rawHeaders } = request;
    const body = await buffer(request);
    seen({ method, path, headers, body });
    const sent = { hostname, port, method, path, headers: rawHeaders, setHost: false, agent };
    const upstream = requestOf(sent).end(body);
    const [answer] = (await once(upstream, "response")) as [IncomingMessage];
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    await pipeline(answer, response);
  };
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    pass(request, response).catch(() => response.destroy());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  const stop = async () => {
    const closed = once(server.close(), "close");
    server.closeAllConnections();
    agent.destroy();
    await closed;
  };
  return { endpoint, stop };
}
