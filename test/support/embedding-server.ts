import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { type BedrockCall, bedrockAnswer, refuseUnsigned, rerankedBy } from "./bedrock-protocol.ts";
import { wordsVector } from "./words-vector.ts";

/** What the next request meets in place of what it asked for. */
export type Fault =
  | { status: number; retryAfter?: string }
  | "none"
  | "hang"
  | "too-few"
  | "wrong-dimension"
  | "backwards"
  | "not-finite"
  | "no-json"
  | "same-place-twice"
  | "moved";

export interface Asked {
  path: string;
  headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it asked for
  body: any;
}

export const apiKey = "sk-secret-of-the-test";
const model = "words-1";

/**
 * Speaks OpenAI's `/v1/embeddings` and Bedrock's `InvokeModel`, as strictly as they do. Its vectors are made of words: texts
 * that share some are near each other.
 */
export class EmbeddingServer {
  readonly #server: Server;
  readonly url: string;
  /** Taken one a request, first come, first served. */
  faults: Fault[] = [];
  readonly asked: Asked[] = [];
  /** Of vectors that no dimension is asked for. */
  dimension = 16;
  /** Requests that are answered now, and the most that ever were. */
  underWay = 0;
  mostUnderWay = 0;
  /** Before each answer. */
  pauseMs = 0;
  /** Added to each vector's first value: models need not make the same of the same text. */
  drift = 0;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  static async start(): Promise<EmbeddingServer> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const own = new EmbeddingServer(server, `http://127.0.0.1:${port}`);
    server.on("request", async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const bytes = Buffer.concat(chunks);
      const { url: path = "", headers } = request;
      const asked = { path, headers, body: JSON.parse(bytes.toString("utf8")) };
      own.asked.push(asked);
      own.mostUnderWay = Math.max(own.mostUnderWay, ++own.underWay);
      response.on("close", () => own.underWay--);
      if (own.pauseMs > 0) await sleep(own.pauseMs);
      own.#answer(asked, bytes, response);
    });
    return own;
  }

  /** Texts that were sent to be embedded, in all. */
  get texts(): string[] {
    return this.asked.flatMap(({ body }) => body.input ?? body.texts ?? body.inputText ?? []);
  }

  forget(): void {
    this.asked.length = 0;
    this.mostUnderWay = 0;
  }

  /** A declaration of it for lakehouse.toml; `EMBEDDING_API_KEY` has to be set to its key. @param more fields */
  declared(name: string, more = ""): string {
    return [
      `[embedding.${name}]`,
      `kind = "openai"\nurl = "${this.url}/v1"\nmodel = "${model}"\ncredentials = "embedding"`,
      `${more}\n`,
    ].join("\n");
  }

  /** The same as a reranker. */
  declaredReranker(name: string): string {
    return `[rerank.${name}]\nkind = "cohere"\nurl = "${this.url}/v2"\nmodel = "rerank-1"\ncredentials = "embedding"\n`;
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  #answer(asked: Asked, bytes: Buffer, response: ServerResponse): void {
    const fault = this.faults.shift();
    if (fault === "hang") return;
    if (fault === "no-json") return void response.end("<html>");
    if (fault === "moved") return void response.writeHead(307, { location: `${this.url}/elsewhere` }).end();
    if (typeof fault === "object") {
      const after = fault.retryAfter === undefined ? {} : { "retry-after": fault.retryAfter };
      return void response.writeHead(fault.status, after).end(`{"error": {"message": "${apiKey}"}}`);
    }
    const [status, body] = this.#bodyOf(asked, bytes, fault);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  }

  #bodyOf(asked: Asked, bytes: Buffer, fault: Fault | undefined): [number, unknown] {
    if (asked.path === "/v1/embeddings") return this.#openAi(asked, fault);
    if (asked.path === "/v2/rerank") return this.#rerank(asked, fault);
    const bedrock = /^\/model\/([^/]+)\/invoke$/.exec(asked.path)?.[1];
    if (!bedrock) return [404, { error: { message: "Invalid URL", type: "invalid_request_error" } }];
    const call: BedrockCall = { ...asked, model: decodeURIComponent(bedrock), bytes };
    return refuseUnsigned(call) ?? bedrockAnswer(call, this.dimension);
  }

  /** As many words of the query as a text has, best first. */
  #rerank({ headers, body }: Asked, fault: Fault | undefined): [number, unknown] {
    if (headers.authorization !== `Bearer ${apiKey}`) return [401, { message: "invalid api token" }];
    if (body.model !== "rerank-1") return [404, { message: "model not found" }];
    const results = rerankedBy(body.query, body.documents);
    if (fault === "too-few") results.pop();
    if (fault === "not-finite")
      return [200, { results: results.map((one) => ({ ...one, relevance_score: null })) }];
    return [200, { id: "x", results }];
  }

  #openAi({ headers, body }: Asked, fault: Fault | undefined): [number, unknown] {
    const wrong = (message: string): [number, unknown] => [
      400,
      { error: { message, type: "invalid_request_error" } },
    ];
    if (headers.authorization !== `Bearer ${apiKey}`)
      return [401, { error: { message: "Incorrect API key" } }];
    if (body.model !== model) return [404, { error: { message: `The model ${body.model} does not exist` } }];
    const { input, encoding_format = "float", dimensions = this.dimension, ...others } = body;
    const texts: string[] = [input].flat();
    if (Object.keys(others).some((name) => name !== "model")) return wrong("Unrecognized request argument");
    if (texts.length > 2_048) return wrong("at most 2048 inputs");
    if (texts.some((text) => text === "" || text.length > 8_192))
      return wrong("maximum context length is 8192");
    const width = fault === "wrong-dimension" ? dimensions + 1 : dimensions;
    const data = texts.map((text, index) => {
      const vector = wordsVector(text, width);
      vector[0] = (vector[0] ?? 0) + this.drift;
      if (fault === "not-finite") vector[0] = Number.NaN;
      const embedding = encoding_format === "base64" ? base64Of(vector) : vector;
      return { object: "embedding", index: fault === "same-place-twice" ? 0 : index, embedding };
    });
    if (fault === "too-few") data.pop();
    if (fault === "backwards") data.reverse();
    return [
      200,
      { object: "list", data, model, usage: { prompt_tokens: texts.length, total_tokens: texts.length } },
    ];
  }
}

const base64Of = (vector: number[]) => Buffer.from(new Float32Array(vector).buffer).toString("base64");
