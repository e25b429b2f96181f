import { limits } from "../../config/limits.ts";

/** Requests to an issuer: bounded in time and size, not redirected, and none for a while after one that failed. */
export class IssuerRequests {
  #pausedUntil = 0;

  /** As jose asks for keys, with a deadline of its own. */
  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    if (Date.now() < this.#pausedUntil) throw new Error("the issuer has just not answered");
    try {
      const response = await fetch(url, { ...init, redirect: "manual" });
      if (response.status !== 200) throw new Error(`${url} answers ${response.status}`);
      return new Response(await boundedBody(response));
    } catch (error) {
      this.#pausedUntil = Date.now() + limits.issuerPauseMs;
      throw error;
    }
  };

  async json(url: string): Promise<Record<string, unknown>> {
    const response = await this.fetch(url, { signal: AbortSignal.timeout(limits.issuerTimeoutMs) });
    return Object(await response.json());
  }
}

async function boundedBody(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > limits.maxIssuerBytes) throw new Error(`more than ${limits.maxIssuerBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
