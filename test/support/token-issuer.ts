import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";

export const audience = "https://lakehouse.test";

interface Pair {
  kid: string;
  privateKey: CryptoKey;
  publicKey: CryptoKey;
  alg: string;
}

/** Issues real tokens, and publishes the keys of them, as OpenID Connect says. */
export class TokenIssuer {
  readonly #server: Server;
  readonly url: string;
  #current: Pair;
  /** What it answers at its second document. */
  published: JWK[] = [];
  /** In place of its documents, by path. */
  readonly answers = new Map<string, { status: number; body: string }>();
  /** Paths that were asked for. */
  readonly asked: string[] = [];

  private constructor(server: Server, url: string, pair: Pair) {
    this.#server = server;
    this.url = url;
    this.#current = pair;
  }

  static async start(): Promise<TokenIssuer> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const issuer = new TokenIssuer(server, `http://127.0.0.1:${port}`, await pairOf("first", "ES256"));
    server.on("request", ({ url = "" }, response) => {
      issuer.asked.push(url);
      const { status, body } = issuer.answers.get(url) ?? { status: 200, body: issuer.#document(url) };
      response.writeHead(status, { "content-type": "application/json", connection: "close" }).end(body);
    });
    await issuer.#publish(issuer.#current);
    return issuer;
  }

  get current(): Pair {
    return this.#current;
  }

  /** Tokens are of another key from now on, which is published in place of the one before, unless it is kept back. */
  async rotate(kid: string, { isPublished = true, alg = "ES256" } = {}): Promise<void> {
    this.#current = await pairOf(kid, alg);
    this.published = [];
    if (isPublished) await this.#publish(this.#current);
  }

  /** @param more claims beside those of a token that holds, or in place of them */
  async token(
    sub: string,
    more: JWTPayload = {},
    { kid, privateKey, alg }: Pair = this.#current,
  ): Promise<string> {
    const now = Math.floor(Date.now() / 1_000);
    const held = { iss: this.url, aud: audience, sub, iat: now, exp: now + 300, ...more };
    return new SignJWT(held).setProtectedHeader({ alg, kid }).sign(privateKey);
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #publish({ publicKey, kid, alg }: Pair): Promise<void> {
    this.published.push({ ...(await exportJWK(publicKey)), kid, alg, use: "sig" });
  }

  #document(path: string): string {
    if (path === "/keys") return JSON.stringify({ keys: this.published });
    return JSON.stringify({ issuer: this.url, jwks_uri: `${this.url}/keys` });
  }
}

export async function pairOf(kid: string, alg = "ES256"): Promise<Pair> {
  return { kid, alg, ...(await generateKeyPair(alg, { extractable: true })) };
}
