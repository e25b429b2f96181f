import aws4 from "aws4";
import type { BedrockService } from "../../config/providers.ts";
import { credentialsFor } from "../store/s3-credentials.ts";
import type { Question } from "./ask-service.ts";

/** Signed `InvokeModel` requests to Amazon Bedrock; its client would take 60 ms to load, and does no more. */
export class BedrockRequests {
  readonly #credentials: ReturnType<typeof credentialsFor>;
  readonly #region: string;
  readonly #base: URL;

  constructor({ region, endpoint, credentials }: BedrockService) {
    this.#credentials = credentialsFor({ region, ...(credentials ? { credentials } : {}) });
    this.#region = region;
    const own = `https://bedrock-runtime.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
    this.#base = new URL(endpoint ?? process.env["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] ?? own);
  }

  /** @param model an id, an inference profile or an ARN */
  question(model: string, asked: object): Question {
    const body = JSON.stringify(asked);
    const path = `${this.#base.pathname.replace(/\/+$/, "")}/model/${encodeURIComponent(model)}/invoke`;
    const headers = {
      host: this.#base.host,
      "content-type": "application/json",
      accept: "application/json",
    };
    const unsigned = { service: "bedrock", region: this.#region, method: "POST", path, headers, body };
    return {
      url: new URL(path, this.#base).href,
      body,
      headers: async () => {
        const signed = aws4.sign({ ...unsigned, headers: { ...headers } }, await this.#credentials());
        const { host: _, ...own } = lowerCased(signed.headers ?? {});
        return own;
      },
    };
  }
}

const lowerCased = (headers: object): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
