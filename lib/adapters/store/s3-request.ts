import type { Agent, ClientRequest, IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import aws4, { type Request } from "aws4";
import { limits } from "../../config/limits.ts";
import type { Bucket } from "../../domain/bucket.ts";
import { copyBytes } from "../copy-bytes.ts";
import { kindOf, requestCounts } from "./request-counts.ts";
import { refuseReused, reuseReads } from "./reused-reads.ts";
import { credentialsFor } from "./s3-credentials.ts";
import { maxAttempts } from "./s3-errors.ts";
import { s3Location } from "./s3-location.ts";

export interface S3Answer {
  status: number;
  headers: IncomingMessage["headers"];
  body: Uint8Array;
}

export interface S3Question {
  method: "GET" | "HEAD" | "PUT";
  /** Of the bucket itself without one. */
  key?: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  /** To be written; its time depends on the length. */
  body?: Uint8Array;
  /** Memory for the answer's body, where that is not longer; its time depends on the length. */
  into?: Uint8Array;
}

/**
 * Signed requests that read or write an object of one bucket, over connections that are kept. The AWS client does the same
 * and more, and takes 60 ms to load and 50 for its first request, which a cold search or a job's task would wait for.
 */
export class S3Requests {
  readonly #credentials: ReturnType<typeof credentialsFor>;
  readonly #region: string;
  readonly #base: URL;
  readonly #transport: Transport;

  constructor(bucket: Bucket) {
    this.#credentials = credentialsFor(bucket);
    this.#region = bucket.region ?? "us-east-1";
    this.#base = baseUrl(bucket, this.#region);
    this.#transport = transportFor(this.#base);
  }

  /**
   * Asks until there is an answer that asking again would not change, four times at most.
   * @returns it, whatever its status
   * @throws what the last attempt met
   */
  async ask(question: S3Question): Promise<S3Answer> {
    for (let attempt = 1; ; attempt++) {
      const last = attempt === maxAttempts;
      try {
        const answer = await this.#once(question);
        if (last || !isPassing(answer.status)) return answer;
      } catch (error) {
        if (last) throw error;
      }
      await sleep(Math.random() * 100 * 2 ** attempt);
    }
  }

  async #once(question: S3Question): Promise<S3Answer> {
    const { request, agent } = this.#transport;
    const { host, hostname, port } = this.#base;
    const { method, query, body } = question;
    const path = this.#pathOf(question);
    const unsigned: Request = {
      service: "s3",
      region: this.#region,
      method,
      path,
      headers: { host, ...question.headers, ...(body ? bodyHeaders(body) : {}) },
      ...(body ? { body: Buffer.from(body.buffer, body.byteOffset, body.length) } : {}),
    };
    const { headers } = aws4.sign(unsigned, await this.#credentials());
    const sent = request({ hostname, port, path, method, headers: { ...headers }, agent });
    requestCounts[kindOf(method, query)]++;
    requestCounts.bytesWritten += body?.length ?? 0;
    return answerOf(sent, question);
  }

  #pathOf({ key = "", query = {} }: S3Question): string {
    const path = this.#base.pathname + key.split("/").map(encoded).join("/");
    const pairs = Object.entries(query).map(([name, value]) => `${name}=${encoded(value)}`);
    return pairs.length > 0 ? `${path}?${pairs.join("&")}` : path;
  }
}

/** Told here, or aws4 adds some of a web form. */
const bodyHeaders = ({ length }: Uint8Array) => ({
  "content-type": "application/octet-stream",
  "content-length": String(length),
});

interface Transport {
  request: typeof import("node:http").request;
  agent: Agent;
}

/** One for each protocol, so that the sockets of all buckets are counted together; those unused for a while are closed. */
const transports = new Map<string, Transport>();

function transportFor({ protocol }: URL): Transport {
  const transport = transports.get(protocol) ?? newTransport(protocol);
  transports.set(protocol, transport);
  return transport;
}

/** Not by `import`, which looks at all that a module of Node's exports, and of HTTP's that loads `WebSocket`: 20 ms. */
function newTransport(protocol: string): Transport {
  const { Agent, request } = process.getBuiltinModule(protocol === "https:" ? "node:https" : "node:http");
  return {
    request: request as Transport["request"],
    agent: reuseReads(
      new Agent({
        keepAlive: true,
        maxTotalSockets: limits.maxSockets,
        maxFreeSockets: limits.maxIdleSockets,
        timeout: limits.idleSocketMs,
      }),
    ),
  };
}

/** Path style at an endpoint that is named; of AWS' own the bucket is the host, unless its name has dots, which no certificate covers. */
function baseUrl({ endpoint, root }: Bucket, region: string): URL {
  const { Bucket: name } = s3Location(root);
  const named = endpoint ?? process.env["AWS_ENDPOINT_URL_S3"] ?? process.env["AWS_ENDPOINT_URL"];
  if (named) return new URL(`${named.replace(/\/+$/, "")}/${name}/`);
  const host = `s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
  return new URL(name.includes(".") ? `https://${host}/${name}/` : `https://${name}.${host}/`);
}

/** As S3 signs it: everything but the unreserved characters. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** 507: the store is full, and stays so for a while. */
const isPassing = (status: number) => (status >= 500 && status !== 507) || status === 429 || status === 408;

/** The answer has to begin in time, and bodies to go and come fast enough. */
function answerOf(sent: ClientRequest, { body, into = nothing }: S3Question): Promise<S3Answer> {
  return new Promise((resolve, reject) => {
    const giveUp = (ms: number, what: string) => setTimeout(() => sent.destroy(new Error(what)), ms);
    let timer = giveUp(
      limits.storeTimeoutMs + transferMs(body?.length ?? 0),
      "the store did not answer in time",
    );
    const connecting = giveUp(limits.storeConnectTimeoutMs, "the store could not be reached in time");
    const end = () => [timer, connecting].forEach(clearTimeout);
    sent.on("socket", (socket) => {
      if (socket.connecting) socket.once("connect", () => clearTimeout(connecting));
      else clearTimeout(connecting);
    });
    sent.on("error", (error) => {
      end();
      reject(error);
    });
    sent.on("response", (response) => {
      clearTimeout(timer);
      timer = giveUp(2 * limits.storeTimeoutMs + transferMs(into.length), "the store's answer stalled");
      bodyOf(response, into)
        .then((body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
        .catch(reject)
        .finally(end);
    });
    sent.end(body);
  });
}

const transferMs = (bytes: number) => Math.ceil(bytes / limits.leastBytesPerMs);

const nothing = new Uint8Array();
/** Of what a store says is wrong. */
const mostErrorBytes = 65_536;

/** @returns the first bytes of `into`, or memory of its own where they do not suffice @throws when it breaks off */
async function bodyOf(response: IncomingMessage, into: Uint8Array): Promise<Uint8Array> {
  let body = into;
  let at = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array<ArrayBuffer>>) {
    refuseReused(chunk);
    const end = at + chunk.length;
    requestCounts.bytesRead += chunk.length;
    if (into.length > 0 && end > into.length + mostErrorBytes)
      throw new Error("the store sent more than was asked");
    if (end > body.length) body = longer(body.subarray(0, at), end);
    copyBytes(chunk, 0, chunk.length, body, at);
    at = end;
    release(chunk);
  }
  return body.subarray(0, at);
}

function longer(bytes: Uint8Array, least: number): Uint8Array {
  const memory = new Uint8Array(Math.max(least, 2 * bytes.length));
  memory.set(bytes);
  return memory;
}

/** At once, as the garbage collector would run for every few megabytes; memory that holds anything else is left to it. */
function release({ buffer, byteLength }: Uint8Array<ArrayBuffer>): void {
  if (byteLength === buffer.byteLength) buffer.transfer(0);
}
