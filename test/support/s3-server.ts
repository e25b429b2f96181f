import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Certificate } from "./certificate.ts";

interface Stored {
  body: Buffer;
  etag: string;
  written: string;
}

export interface Refusal {
  status: number;
  code: string;
  message?: string;
  of(method: string): boolean;
}

/**
 * The few calls of S3 that the store makes, in memory, with conditional writes as S3 documents them. It stands for a
 * store's protocol only; what a real store does is another suite's business.
 */
export async function startS3Server(certificate?: Certificate) {
  const objects = new Map<string, Stored>();
  let failures = 0;
  let hangs = false;
  let ignored: string | undefined;
  let refusal: Refusal | undefined;
  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await bodyOf(request);
    if (hangs) return;
    if (ignored) delete request.headers[ignored];
    if (failures > 0) {
      failures -= 1;
      return answer(response, 503, "<Error><Code>SlowDown</Code></Error>");
    }
    if (refusal?.of(request.method ?? "")) return refuse(response, request, refusal);
    const url = new URL(request.url ?? "", "http://s3");
    const key = decodeURIComponent(url.pathname.slice(1));
    if (url.searchParams.has("list-type")) return list(response, objects, key, url.searchParams);
    if (url.searchParams.has("delete")) return remove(response, objects, key, body);
    if (request.method === "PUT") return put(response, objects, key, body, request);
    return get(response, objects.get(key), request);
  };
  const server = certificate ? createTlsServer(certificate, respond) : createServer(respond);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    endpoint: `${certificate ? "https" : "http"}://127.0.0.1:${port}`,
    /** The next so many requests are answered with 503. */
    failNext: (count: number) => {
      failures = count;
    },
    /** Requests are taken and never answered. */
    hang: (yes: boolean) => {
      hangs = yes;
    },
    /** Requests of these methods are answered with this error of S3's. */
    refuse: (one?: Refusal) => {
      refusal = one;
    },
    /** As a store does that does not know this header. */
    ignore: (header?: string) => {
      ignored = header;
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function answer(response: ServerResponse, status: number, body: string | Buffer = "", headers = {}) {
  response.writeHead(status, { "content-length": Buffer.byteLength(body), ...headers }).end(body);
}

/** The answer to HEAD has no body; that of a deletion may be 200 with what could not be deleted. */
function refuse(response: ServerResponse, { method }: IncomingMessage, { status, code, message }: Refusal) {
  const error = `<Error><Code>${code}</Code><Message>${message ?? "m"}</Message></Error>`;
  const body = status === 200 ? `<DeleteResult>${error}</DeleteResult>` : error;
  if (method === "HEAD") return answer(response, status);
  return answer(response, status, body, { "content-type": "application/xml" });
}

function put(
  response: ServerResponse,
  objects: Map<string, Stored>,
  key: string,
  sent: Buffer,
  { headers }: IncomingMessage,
) {
  const before = objects.get(key);
  const ifMatch = headers["if-match"];
  if (headers["if-none-match"] === "*" && before) return answer(response, 412);
  if (ifMatch !== undefined && before?.etag !== ifMatch) return answer(response, before ? 412 : 404);
  const source = headers["x-amz-copy-source"];
  const body = source === undefined ? sent : objects.get(decodeURIComponent(String(source)))?.body;
  if (!body) return answer(response, 404);
  const etag = `"${createHash("md5").update(body).digest("hex")}"`;
  objects.set(key, { body, etag, written: new Date().toISOString() });
  if (source === undefined) return answer(response, 200, "", { etag });
  return answer(response, 200, `<CopyObjectResult><ETag>${etag}</ETag></CopyObjectResult>`);
}

function get(response: ServerResponse, stored: Stored | undefined, { headers, method }: IncomingMessage) {
  if (!stored) return answer(response, 404, method === "HEAD" ? "" : "<Error><Code>NoSuchKey</Code></Error>");
  if (method === "HEAD")
    return response.writeHead(200, { "content-length": stored.body.length, etag: stored.etag }).end();
  const ifMatch = headers["if-match"];
  if (ifMatch !== undefined && ifMatch !== stored.etag) return answer(response, 412);
  const range = /bytes=(\d+)-(\d+)/.exec(headers.range ?? "");
  if (range && Number(range[1]) >= stored.body.length) return answer(response, 416);
  if (!range) return answer(response, 200, stored.body, { etag: stored.etag });
  return answer(response, 206, stored.body.subarray(Number(range[1]), Number(range[2]) + 1), {
    etag: stored.etag,
  });
}

function list(
  response: ServerResponse,
  objects: Map<string, Stored>,
  bucket: string,
  query: URLSearchParams,
) {
  const root = bucket.endsWith("/") ? bucket : `${bucket}/`;
  const after = query.get("continuation-token") ?? query.get("start-after") ?? "";
  const keys = [...objects.keys()].filter((key) => key.startsWith(root)).map((key) => key.slice(root.length));
  const found = keys.filter((key) => key.startsWith(query.get("prefix") ?? "") && key > after).sort();
  const page = found.slice(0, Number(query.get("max-keys") ?? 1_000));
  const contents = page.map((key) => {
    const { body, etag, written } = objects.get(root + key) ?? {};
    const told = `<ETag>${etag?.replaceAll('"', "&quot;")}</ETag><LastModified>${written}</LastModified>`;
    return `<Contents><Key>${escaped(key)}</Key>${told}<Size>${body?.length}</Size></Contents>`;
  });
  const more =
    found.length > page.length ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : "";
  answer(response, 200, `<ListBucketResult>${contents.join("")}${more}</ListBucketResult>`);
}

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

function remove(response: ServerResponse, objects: Map<string, Stored>, bucket: string, body: Buffer) {
  const root = bucket.endsWith("/") ? bucket : `${bucket}/`;
  for (const [, key] of body.toString().matchAll(/<Key>(.*?)<\/Key>/g)) objects.delete(root + key);
  answer(response, 200, "<DeleteResult></DeleteResult>");
}
