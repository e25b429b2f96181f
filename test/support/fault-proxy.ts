import { once } from "node:events";
import {
  Agent,
  type ClientRequest,
  createServer,
  type IncomingMessage,
  request as requestOf,
  type Server,
  type ServerResponse,
} from "node:http";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { errorBody, type Operation, operationOf } from "./s3-operation.ts";

/** What can be done to a request on its way to the store. */
export type Fault =
  /** It waits, then goes its way or meets another fault. */
  | { kind: "delay"; ms: number; next?: Fault }
  /** It waits until `release`, then the same. */
  | { kind: "held"; next?: Fault }
  /** The connection is reset: before anything is forwarded, in the middle of its body, or of the answer's. */
  | { kind: "reset"; at?: "start" | "request" | "answer" }
  /** The answer ends well with the first half of its body. */
  | { kind: "short" }
  /** The store is not asked; an error as S3 words it comes back. */
  | { kind: "status"; status: 429 | 500 | 503 }
  /** The store gets the request and does it; the connection ends without an answer. */
  | { kind: "dropAnswer" }
  /** Taken, never forwarded, never answered. */
  | { kind: "hang" }
  /** Taken whole and never answered; the store gets it when `until` is over, whether its client is still there or not. */
  | { kind: "late"; until: () => Promise<unknown> };

export interface ProxiedRequest {
  /** 0, 1, … in the order of arrival. */
  number: number;
  method: string;
  /** As sent: still encoded, with its query. */
  path: string;
  headers: IncomingMessage["headers"];
  operation: Operation;
  /** Of bodies, that all clients had sent when it arrived. */
  bytesSoFar: number;
}

export interface ProxyCounts {
  requests: number;
  methods: Record<string, number>;
  operations: Partial<Record<Operation, number>>;
  /** Injected, by kind. */
  faults: Partial<Record<Fault["kind"], number>>;
  bytesUp: number;
  bytesDown: number;
  /** Requests that failed between here and the store, without a fault of ours. */
  storeFailures: number;
}

/**
 * An HTTP proxy between S3 clients and an endpoint, which can do to every request what networks and stores do. It
 * forwards requests with all their headers, `Host` included, so that signatures stay valid: clients sign the name of
 * the proxy, and the store checks the name it was sent.
 */
export class FaultProxy {
  /** Asked for every request as it arrives; may be changed at any time. */
  fault: (request: ProxiedRequest) => Fault | undefined = () => undefined;
  counts: ProxyCounts = noCounts();
  /** Of an answer's body, and so of a connection; without a bound at first. */
  bytesPerSecond = Number.POSITIVE_INFINITY;
  /** The status of each answer to a request that comes to the store late. */
  readonly lateAnswers: Promise<number>[] = [];
  readonly endpoint: string;
  readonly #server: Server;
  readonly #target: URL;
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 64 });
  readonly #stopped = new AbortController();
  #held = Promise.withResolvers<void>();

  private constructor(server: Server, target: URL) {
    this.#server = server;
    this.#target = target;
    this.endpoint = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    server.on("request", (request, response) => void this.#take(request, response));
  }

  /** @param target endpoint of the store @param port a free one without it */
  static async start(target: string, { port = 0 } = {}): Promise<FaultProxy> {
    // it is for the clients to end idle connections: one that ends as a request comes would be a fault not asked for
    const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 });
    await once(server.listen(port, "127.0.0.1"), "listening");
    return new FaultProxy(server, new URL(target));
  }

  resetCounts(): void {
    this.counts = noCounts();
  }

  /** Lets those go on that are held. */
  release(): void {
    this.#held.resolve();
    this.#held = Promise.withResolvers();
  }

  /** Ends every connection, those of hung requests too. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.release();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    this.#agent.destroy();
    await closed;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request; // which a request lets go of when it is destroyed
    const described = this.#describe(request);
    count(this.counts.methods, described.method);
    count(this.counts.operations, described.operation);
    try {
      await this.#meet(this.fault(described), request, response);
    } catch (error) {
      if (!(error instanceof CutHere) && !socket.destroyed && !this.#stopped.signal.aborted)
        this.counts.storeFailures++;
      if (!socket.destroyed) socket.resetAndDestroy();
    }
  }

  #describe({ method = "", url = "", headers }: IncomingMessage): ProxiedRequest {
    const number = this.counts.requests++;
    const bytesSoFar = this.counts.bytesUp;
    return { number, method, path: url, headers, operation: operationOf(method, url, headers), bytesSoFar };
  }

  async #meet(fault: Fault | undefined, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (fault) count(this.counts.faults, fault.kind);
    if (fault?.kind === "delay") {
      await sleep(fault.ms, undefined, { signal: this.#stopped.signal });
      return this.#meet(fault.next, request, response);
    }
    if (fault?.kind === "held") {
      await this.#held.promise;
      this.#stopped.signal.throwIfAborted();
      return this.#meet(fault.next, request, response);
    }
    if (fault?.kind === "hang") return void request.resume();
    if (fault?.kind === "late") return void this.lateAnswers.push(this.#forwardLate(fault.until, request));
    if (fault?.kind === "status") return refuse(fault.status, request, response);
    if (fault?.kind === "reset" && (fault.at ?? "start") === "start") throw new CutHere();
    return this.#forward(fault, request, response);
  }

  async #forward(
    fault: Fault | undefined,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const cut = fault?.kind === "reset" ? fault.at : undefined;
    const upstream = this.#upstream(request);
    try {
      const answer = await this.#ask(upstream, request, cut === "request" ? half(request) : undefined);
      if (fault?.kind === "dropAnswer") return await dropped(answer, request);
      if (fault?.kind === "short") return await shortened(answer, response);
      writeHead(response, answer);
      const cutAfter = cut === "answer" ? half(answer) : undefined;
      await pipeline(answer, this.#metered("bytesDown", cutAfter), response);
    } catch (error) {
      upstream.destroy();
      throw error;
    }
  }

  async #forwardLate(until: () => Promise<unknown>, request: IncomingMessage): Promise<number> {
    const body = await buffer(request);
    await until();
    const upstream = this.#upstream(request).end(body);
    const [answer] = (await once(upstream, "response")) as [IncomingMessage];
    await once(answer.resume(), "end");
    return answer.statusCode ?? 0;
  }

  /** A store may answer before it has read all of a body that it refuses. */
  async #ask(upstream: ClientRequest, request: IncomingMessage, cutAfter?: number): Promise<IncomingMessage> {
    upstream.on("error", () => undefined); // thrown by those who wait for it
    const answered = once(upstream, "response").then(([answer]) => answer as IncomingMessage);
    const sent = pipeline(request, this.#metered("bytesUp", cutAfter), upstream);
    answered.catch(() => undefined);
    sent.catch(() => undefined);
    return Promise.race([answered, sent.then(() => answered)]);
  }

  #upstream(request: IncomingMessage) {
    const { method, url: path, headers, rawHeaders } = request;
    const { hostname, port } = this.#target;
    const bare = headers["content-length"] === undefined && headers["transfer-encoding"] === undefined;
    // without either there is no body; Node would announce one for most methods
    const sent =
      bare && !["GET", "HEAD"].includes(method ?? "") ? [...rawHeaders, "Content-Length", "0"] : rawHeaders;
    return requestOf({ hostname, port, method, path, headers: sent, setHost: false, agent: this.#agent });
  }

  /** Counts what flows through, up to where it is to be cut. */
  #metered(direction: "bytesUp" | "bytesDown", cutAfter = Number.POSITIVE_INFINITY) {
    const { counts, bytesPerSecond } = this;
    const started = performance.now();
    return async function* (chunks: AsyncIterable<Buffer>) {
      let bytes = 0;
      for await (const chunk of chunks) {
        const kept = chunk.subarray(0, cutAfter - bytes);
        bytes += chunk.length;
        counts[direction] += kept.length;
        yield kept;
        const early = (1_000 * bytes) / bytesPerSecond - (performance.now() - started);
        if (direction === "bytesDown" && early > 1) await sleep(early);
        if (bytes >= cutAfter) throw new CutHere();
      }
      if (cutAfter < Number.POSITIVE_INFINITY) throw new CutHere();
    };
  }
}

class CutHere extends Error {}

const noCounts = (): ProxyCounts => ({
  requests: 0,
  methods: {},
  operations: {},
  faults: {},
  bytesUp: 0,
  bytesDown: 0,
  storeFailures: 0,
});

function count<K extends string>(counts: Partial<Record<K, number>>, name: K): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

const half = ({ headers }: IncomingMessage) => Math.floor(Number(headers["content-length"] ?? 0) / 2);

async function dropped(answer: IncomingMessage, request: IncomingMessage): Promise<void> {
  answer.resume();
  await once(answer, "end");
  request.socket.destroy();
}

async function shortened(answer: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = (await buffer(answer)).subarray(0, half(answer));
  response.writeHead(answer.statusCode ?? 502, { ...answer.headers, "content-length": body.length });
  response.end(body);
}

function writeHead(response: ServerResponse, answer: IncomingMessage): void {
  response.sendDate = false;
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage, answer.rawHeaders);
  response.flushHeaders();
}

/** Once the body is there: a client that is still sending would see a broken connection. */
async function refuse(status: number, request: IncomingMessage, response: ServerResponse): Promise<void> {
  request.resume();
  if (!request.readableEnded) await once(request, "end");
  const body = request.method === "HEAD" ? "" : errorBody(status, request.url ?? "");
  response.writeHead(status, {
    "content-type": "application/xml",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}
