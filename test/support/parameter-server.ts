import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { buffer } from "node:stream/consumers";
import { refuseUnsigned } from "./bedrock-protocol.ts";

/** Speaks `GetParameter` of SSM, as strictly as it does: what is wrong is a 400 whose type says what. */
export class ParameterServer {
  readonly #server: Server;
  readonly url: string;
  /** SecureStrings by name. */
  readonly parameters = new Map<string, string>();
  /** Types of the errors that the next requests are answered by. */
  faults: string[] = [];
  /** Names that were asked for. */
  readonly asked: string[] = [];

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  static async start(): Promise<ParameterServer> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const own = new ParameterServer(server, `http://127.0.0.1:${port}`);
    server.on("request", async (request, response) => {
      const { url: path = "", method, headers } = request;
      const bytes = await buffer(request);
      const isForm = method === "POST" && headers["content-type"] === "application/x-amz-json-1.1";
      const isKnown = headers["x-amz-target"] === "AmazonSSM.GetParameter" && isForm;
      const [status, body] = isKnown
        ? (refuseUnsigned({ path, headers, bytes }, "ssm") ?? own.#answer(JSON.parse(bytes.toString())))
        : failed("UnknownOperationException");
      response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(body));
    });
    return own;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  #answer({ Name, WithDecryption }: { Name: string; WithDecryption?: boolean }): [number, unknown] {
    this.asked.push(Name);
    const fault = this.faults.shift();
    if (fault) return failed(fault);
    const value = this.parameters.get(Name);
    if (value === undefined) return failed("ParameterNotFound");
    return [200, { Parameter: { Name, Type: "SecureString", Value: WithDecryption ? value : "AQICAH…" } }];
  }
}

const failed = (type: string): [number, unknown] => [
  400,
  { __type: `com.amazonaws.ssm#${type}`, message: type },
];
