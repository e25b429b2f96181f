import { limits } from "../../config/limits.ts";
import type { HttpService, KeyParameter } from "../../config/providers.ts";
import type { Waiting } from "../../domain/embedding/providers.ts";
import { credentialsFor } from "../store/s3-credentials.ts";
import { askService, type Failure, refused, type Service } from "./ask-service.ts";
import { awsEndpoint, signedQuestion } from "./signed-question.ts";

/** The header that a provider knows its caller by, if it has to. */
export type Bearer = (waiting: Waiting) => Promise<Record<string, string>>;

/** With the key that the environment holds, or that SSM does: this is read at the first request, and every 5 minutes. */
export function bearerOf({ apiKey, keyParameter }: HttpService, provider: Service): Bearer {
  const key = keyParameter ? keptKey(keyParameter, provider) : async () => apiKey;
  return async (waiting): Promise<Record<string, string>> => {
    const found = await key(waiting);
    return found ? { authorization: `Bearer ${found}` } : {};
  };
}

/** One that is known stays while SSM does not answer. */
function keptKey(parameter: KeyParameter, provider: Service): (waiting: Waiting) => Promise<string> {
  const read = keyReader(parameter, provider);
  let known: { key: string; readAt: number } | undefined;
  return async (waiting) => {
    const readAt = performance.now();
    if (known && readAt < known.readAt + limits.providerKeyKeptMs) return known.key;
    const key = await read(waiting).catch((error) => {
      waiting.signal?.throwIfAborted();
      if (!known || error.kind !== provider.unavailable) throw error;
      return known.key;
    });
    known = { key, readAt };
    return key;
  };
}

/** `GetParameter`, signed by the function's role. */
function keyReader({ name, region }: KeyParameter, provider: Service): (waiting: Waiting) => Promise<string> {
  const service = { ...provider, what: `the API key of ${provider.what}`, failure };
  const question = signedQuestion({
    ...{
      service: "ssm",
      region,
      url: new URL(awsEndpoint("ssm", region)),
    },
    headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": "AmazonSSM.GetParameter" },
    asked: { Name: name, WithDecryption: true },
    credentials: credentialsFor({ region }),
  });
  return async (waiting) => {
    const answer = (await askService(service, question, waiting)) as {
      Parameter?: { Value?: unknown };
    } | null;
    const value = answer?.Parameter?.Value;
    if (typeof value === "string" && /^[\x21-\x7e]+$/.test(value.trim())) return value.trim();
    throw refused(service, "the parameter holds none");
  };
}

/** By the type of the error: SSM says 400 of what passes, too. */
function failure(status: number, body: string): Failure {
  const type = /"__type"\s*:\s*"(?:[\w.]+#)?(\w{1,64})"/.exec(body)?.[1] ?? "";
  const isPassing =
    status === 429 || status >= 500 || /Throttl|TooManyRequests|InternalServerError/.test(type);
  return { why: `SSM answered ${type || status}`, isPassing };
}
