import { createHash, createHmac } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { wordsVector } from "./words-vector.ts";

/** A call of Bedrock's runtime as it came. */
export interface BedrockCall {
  path: string;
  headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: what was sent
  body: any;
  bytes: Buffer;
  /** As the path names it, decoded. */
  model: string;
}

export const awsKey = { accessKeyId: "AKIDTEST", secretAccessKey: "the/secret+of the test" };

const sha256 = (text: string | Buffer) => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();

/**
 * Computes the signature anew, as "Create a signed AWS API request" of the IAM user guide says: of any service but S3 the
 * segments of the path are encoded once more.
 * @returns what AWS answers to a request that is not signed, or not so
 */
export function refuseUnsigned(
  { path, headers, bytes }: Pick<BedrockCall, "path" | "headers" | "bytes">,
  service = "bedrock",
): [number, unknown] | undefined {
  const form =
    /^AWS4-HMAC-SHA256 Credential=(\w+)\/(\d{8})\/([\w-]+)\/(\w+)\/aws4_request, SignedHeaders=([\w;-]+), Signature=([0-9a-f]{64})$/;
  const [, id, day = "", region = "", named, signed = "", signature] =
    form.exec(headers.authorization ?? "") ?? [];
  if (!signature || named !== service) return [403, { message: "Missing Authentication Token" }];
  const date = String(headers["x-amz-date"]);
  const names = signed.split(";");
  const canonical = [
    ...["POST", path.split("/").map(encodeURIComponent).join("/"), ""],
    ...names.map((name) => `${name}:${String(headers[name]).trim()}`),
    ...["", signed, sha256(bytes)],
  ].join("\n");
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n");
  const key = [day, region, service, "aws4_request"].reduce<string | Buffer>(
    hmac,
    `AWS4${awsKey.secretAccessKey}`,
  );
  const isRight = hmac(key, toSign).toString("hex") === signature && id === awsKey.accessKeyId;
  const isWhole = names.includes("host") && names.includes("x-amz-date") && date.startsWith(day);
  return isRight && isWhole
    ? undefined
    : [403, { message: "The request signature we calculated does not match" }];
}

/** Texts by the share of the query's words that they have, best first, as rerankers answer. */
export function rerankedBy(query: string, texts: string[]): { index: number; relevance_score: number }[] {
  const words = query.split(" ");
  const scoreOf = (text: string) =>
    words.filter((word) => text.split(" ").includes(word)).length / words.length;
  return texts
    .map((text, index) => ({ index, relevance_score: scoreOf(text) }))
    .sort((a, b) => b.relevance_score - a.relevance_score);
}

const invalid = (message: string): [number, unknown] => [400, { message }];

/** As Titan's and Cohere's models of embeddings answer. */
export function bedrockAnswer({ model, body }: BedrockCall, dimension: number): [number, unknown] {
  if (model === "amazon.titan-embed-text-v2:0") {
    const { inputText, dimensions = dimension, normalize: _, ...others } = body;
    if (typeof inputText !== "string" || Object.keys(others).length > 0)
      return invalid("Malformed input request, please reformat your input and try again.");
    return [200, { embedding: wordsVector(inputText, dimensions), inputTextTokenCount: 3 }];
  }
  if (model === "cohere.embed-v4:0" || model === "cohere.embed-multilingual-v3") {
    const { texts, input_type, output_dimension = dimension } = body;
    if (!["search_document", "search_query"].includes(input_type)) return invalid("invalid input_type");
    if (texts.length > 96) return invalid("at most 96 texts");
    const vectors = texts.map((text: string) => wordsVector(text, output_dimension));
    return [200, { id: "x", texts, embeddings: model.includes("v4") ? { float: vectors } : vectors }];
  }
  if (model === "cohere.rerank-v3-5:0" && body.api_version === 2)
    return [200, { results: rerankedBy(body.query, body.documents) }];
  return [404, { message: "The provided model identifier is invalid." }];
}
