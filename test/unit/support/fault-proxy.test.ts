import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, request as requestOf, type Server } from "node:http";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { S3Store } from "../../../lib/adapters/store/s3-store.ts";
import { type Fault, FaultProxy } from "../../support/fault-proxy.ts";
import { startS3Server } from "../../support/s3-server.ts";
import { seededRandom, share } from "../../support/seeded-random.ts";

interface Received {
  method: string | undefined;
  url: string | undefined;
  rawHeaders: string[];
  body: Buffer;
}

let received: Received[];
let origin: Server;
let proxy: FaultProxy;
let agent: Agent;

/** Answers with what it was sent, under headers as a store sends them. */
async function echo(request: IncomingMessage, response: import("node:http").ServerResponse) {
  const { method, url, rawHeaders } = request;
  const body = await buffer(request);
  received.push({ method, url, rawHeaders, body });
  response.sendDate = false;
  response.writeHead(200, "Fine", ["ETag", '"1"', "x-amz-Meta", "b", "X-amz-meta", "c"]);
  response.end(body);
}

beforeEach(async () => {
  received = [];
  origin = createServer((request, response) => void echo(request, response).catch(() => undefined));
  await once(origin.listen(0, "127.0.0.1"), "listening");
  proxy = await FaultProxy.start(`http://127.0.0.1:${(origin.address() as { port: number }).port}`);
  agent = new Agent({ keepAlive: true });
});

afterEach(async () => {
  agent.destroy();
  await proxy.stop();
  origin.closeAllConnections();
  origin.close();
});

interface Sent {
  method?: string;
  path?: string;
  headers?: string[];
  body?: Uint8Array;
}

async function send({ method = "GET", path = "/bucket/key", headers = [], body }: Sent = {}) {
  const { hostname, port } = new URL(proxy.endpoint);
  const length = body ? ["Content-Length", String(body.length)] : [];
  const all = ["Host", `${hostname}:${port}`, ...headers, ...length];
  const request = requestOf({ hostname, port, method, path, agent, headers: all, setHost: false });
  request.end(body);
  const [answer] = (await once(request, "response", { signal: AbortSignal.timeout(5_000) })) as [
    IncomingMessage,
  ];
  return { status: answer.statusCode, answer, body: await buffer(answer), socket: request.socket };
}

const put = (body: Uint8Array) => send({ method: "PUT", body });
const always = (fault: Fault) => {
  proxy.fault = () => fault;
};

test("a request reaches the store as it was sent: host, headers in their case and order, path, body", async () => {
  const headers = ["X-Amz-Date", "1", "authorization", "AWS4 x", "x-double", "1", "X-Double", "2"];
  const path = "/bucket/a%20b%2Fc+d?x-id=PutObject&q=%E2%9C%93";
  await send({ method: "PUT", path, headers, body: Buffer.from("body") });
  expect(received).toMatchObject([{ method: "PUT", url: path, body: Buffer.from("body") }]);
  const host = new URL(proxy.endpoint).host;
  expect(received[0]?.rawHeaders.slice(0, 10)).toEqual(["Host", host, ...headers]);
});

test("a request that is held waits until it is released, and then meets what is next", async () => {
  proxy.fault = ({ number }) =>
    number === 0 ? { kind: "held", next: { kind: "status", status: 503 } } : undefined;
  const held = send();
  await expect.poll(() => proxy.counts.faults.held).toBe(1);
  expect((await send()).status).toBe(200);
  expect(proxy.counts.faults).toEqual({ held: 1 });
  proxy.release();
  expect((await held).status).toBe(503);
});

test("an answer that is short says so, and is no broken one", async () => {
  const headers = ["content-length", "8"];
  origin.removeAllListeners("request");
  origin.on("request", (_, response) => response.writeHead(206, headers).end("halfhalf"));
  always({ kind: "short" });
  const { status, answer, body } = await send();
  expect([status, answer.headers["content-length"], body.toString()]).toEqual([206, "4", "half"]);
});

test("an answer comes back as it was given", async () => {
  const { answer } = await send();
  expect(answer.statusMessage).toBe("Fine");
  expect(answer.rawHeaders.slice(0, 6)).toEqual(["ETag", '"1"', "x-amz-Meta", "b", "X-amz-meta", "c"]);
  expect(answer.headers.date).toBeUndefined();
});

test("bodies of many megabytes pass both ways, over a connection that is kept", async () => {
  const body = new Uint8Array(20_000_000).map((_, i) => i * 31);
  const first = await put(body);
  const second = await put(body);
  expect(first.body.equals(body) && second.body.equals(body)).toBe(true);
  expect(second.socket).toBe(first.socket);
  expect(proxy.counts).toMatchObject({ requests: 2, bytesUp: 2 * body.length, bytesDown: 2 * body.length });
});

test("a request without a body is sent without one", async () => {
  await send({ method: "DELETE" });
  await put(new Uint8Array());
  expect(received.map(({ body }) => body.length)).toEqual([0, 0]);
  expect(received.some(({ rawHeaders }) => rawHeaders.includes("chunked"))).toBe(false);
});

test("a delay holds the request back, then another fault may follow", async () => {
  proxy.fault = ({ path }) => (path === "/held" ? { kind: "delay", ms: 1_000 } : undefined);
  await Promise.all([send({ path: "/held" }), send({ path: "/passing" })]);
  expect(received.map(({ url }) => url)).toEqual(["/passing", "/held"]);
  always({ kind: "delay", ms: 1, next: { kind: "status", status: 503 } });
  expect((await send()).status).toBe(503);
  expect(proxy.counts.faults).toEqual({ delay: 2, status: 1 });
});

test.each([
  [429, "TooManyRequests"],
  [500, "InternalError"],
  [503, "SlowDown"],
] as const)("%i comes with the error that S3 gives, and the store is not asked", async (status, code) => {
  always({ kind: "status", status });
  const refused = await put(new Uint8Array(3_000_000));
  expect(refused.status).toBe(status);
  expect(refused.body.toString()).toContain(`<Code>${code}</Code>`);
  expect(received).toEqual([]);
});

test("a connection reset at the start never reaches the store", async () => {
  always({ kind: "reset" });
  await expect(put(Buffer.from("x"))).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(received).toEqual([]);
});

test("a connection reset within a request gives the store no whole one", async () => {
  always({ kind: "reset", at: "request" });
  await expect(put(new Uint8Array(1_000_000))).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(received).toEqual([]);
  expect(proxy.counts.bytesUp).toBe(500_000);
});

test("a connection reset within an answer cuts it short", async () => {
  always({ kind: "reset", at: "answer" });
  await expect(put(new Uint8Array(1_000_000))).rejects.toThrow("aborted");
  expect(received).toHaveLength(1);
});

test("a dropped answer: the store has done it, the client hears nothing", async () => {
  always({ kind: "dropAnswer" });
  await expect(put(Buffer.from("kept"))).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(received).toMatchObject([{ method: "PUT", body: Buffer.from("kept") }]);
  expect(proxy.counts.storeFailures).toBe(0);
});

test("a hung request is never answered, and ends with the proxy", async () => {
  always({ kind: "hang" });
  const hung = send();
  hung.catch(() => undefined);
  await expect.poll(() => proxy.counts.faults.hang).toBe(1);
  await proxy.stop();
  await expect(hung).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(received).toEqual([]);
  proxy = await FaultProxy.start("http://127.0.0.1:1");
});

test("a late request reaches the store after its client is gone", async () => {
  const left = Promise.withResolvers<void>();
  always({ kind: "late", until: () => left.promise });
  const { hostname, port } = new URL(proxy.endpoint);
  const request = requestOf({ hostname, port, method: "PUT", path: "/bucket/key" });
  request.on("error", () => undefined);
  request.end(Buffer.from("late"));
  await expect.poll(() => proxy.lateAnswers.length).toBe(1);
  await expect.poll(() => request.writableFinished).toBe(true);
  request.destroy();
  expect(received).toEqual([]);
  left.resolve();
  expect(await proxy.lateAnswers[0]).toBe(200);
  expect(received).toMatchObject([{ method: "PUT", body: Buffer.from("late") }]);
});

test("a store that is gone shows as a reset and is counted apart from the faults", async () => {
  origin.closeAllConnections();
  origin.close();
  await expect(send()).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(proxy.counts).toMatchObject({ storeFailures: 1, faults: {} });
});

test("faults chosen by a share of the requests are the same for the same seed", async () => {
  const chosen = (seed: number) => {
    const some = share(0.1, seededRandom(seed), () => true);
    return Array.from({ length: 2_000 }, () => some() ?? false);
  };
  expect(chosen(7)).toEqual(chosen(7));
  expect(chosen(7)).not.toEqual(chosen(8));
  expect(chosen(7).filter(Boolean).length).toBeGreaterThan(150);
  expect(chosen(7).filter(Boolean).length).toBeLessThan(250);
});

test("the calls of the SDK are told apart, and its retries outlast a fault", async () => {
  const store = await startS3Server();
  const between = await FaultProxy.start(store.endpoint);
  const bucket = { name: "b", backend: "s3", root: "s3://b/p", endpoint: between.endpoint, readOnly: false };
  const credentials = { AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "secret" };
  Object.assign(process.env, credentials);
  const objects = new S3Store({ ...bucket, region: "us-east-1", allowHttp: true } as never);
  between.fault = ({ number }) => (number === 0 ? { kind: "status", status: 503 } : undefined);
  await objects.put("a", new Uint8Array(100));
  await objects.copy("a", "c");
  await objects.list("");
  await objects.deletePrefix("a");
  expect((await objects.get("c"))?.body).toHaveLength(100);
  const operations = ["PutObject", "CopyObject", "ListObjects", "DeleteObjects", "GetObject"] as const;
  for (const operation of operations) expect(between.counts.operations[operation]).toBeGreaterThan(0);
  expect(Object.keys(between.counts.operations)).not.toContain("other");
  await between.stop();
  await store.stop();
});

test("an answer comes no faster than its connection carries", async () => {
  const ended: string[] = [];
  const echoed = async (name: string, bytes: number) => {
    await put(new Uint8Array(bytes));
    ended.push(name);
  };
  proxy.bytesPerSecond = 1_000_000;
  const slow = echoed("slow", 1_000_000);
  await expect.poll(() => proxy.counts.bytesDown, { interval: 1 }).toBeGreaterThan(0);
  proxy.bytesPerSecond = Number.POSITIVE_INFINITY;
  await Promise.all([slow, echoed("fast", 1_000_000)]);
  expect(ended).toEqual(["fast", "slow"]);
});
