import type { BedrockService } from "../../config/providers.ts";
import { credentialsFor } from "../store/s3-credentials.ts";
import type { Question } from "./ask-service.ts";
import { awsEndpoint, signedQuestion } from "./signed-question.ts";

/** Signed `InvokeModel` requests to Amazon Bedrock; its client would take 60 ms to load, and does no more. */
export class BedrockRequests {
  readonly #credentials: ReturnType<typeof credentialsFor>;
  readonly #region: string;
  readonly #base: URL;

  constructor({ region, endpoint, credentials }: BedrockService) {
    this.#credentials = credentialsFor({ region, ...(credentials ? { credentials } : {}) });
    this.#region = region;
    this.#base = new URL(endpoint ?? awsEndpoint("bedrock-runtime", region));
  }

  /** @param model an id, an inference profile or an ARN */
  question(model: string, asked: object): Question {
    const path = `${this.#base.pathname.replace(/\/+$/, "")}/model/${encodeURIComponent(model)}/invoke`;
    return signedQuestion({
      ...{ service: "bedrock", region: this.#region, url: new URL(path, this.#base), asked },
      headers: { "content-type": "application/json", accept: "application/json" },
      credentials: this.#credentials,
    });
  }
}
