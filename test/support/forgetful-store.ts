import { once } from "node:events";
import { createServer, type IncomingMessage, request as requestOf, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import aws4 from "aws4";
import type { S3Place } from "./s3-lakehouse.ts";

/**
 * A store that does not know a header: it stands before one that does, and leaves it out of requests, which it signs anew.
 * @param forgets of which requests, by their path
 */
export async function startForgetfulStore(
  { endpoint, credentials }: S3Place,
  header: string,
  forgets: (path: string) => boolean = () => true,
) {
  const target = new URL(endpoint);
  const forward = async (request: IncomingMessage, response: ServerResponse) => {
    const { method, url: path = "/", headers } = request;
    const body = await buffer(request);
    const isForgotten = headers[header] !== undefined && forgets(path);
    const sent = requestOf(target, { method, path, headers: isForgotten ? without(request, body) : headers });
    sent.end(body);
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    await pipeline(answer, response);
  };
  const without = ({ method, url: path, headers }: IncomingMessage, body: Buffer) => {
    const { [header]: _, authorization, "x-amz-date": date, ...kept } = headers;
    const unsigned = { ...kept, host: target.host } as NonNullable<aws4.Request["headers"]>;
    const signed = aws4.sign(
      { service: "s3", region: "us-east-1", method, path, headers: unsigned, body },
      credentials,
    );
    return { ...signed.headers };
  };
  const server = createServer((request, response) => {
    forward(request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
