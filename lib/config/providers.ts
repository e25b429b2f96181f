import { z } from "zod";
import type { Credentials } from "../domain/bucket.ts";
import type { Issue } from "../domain/errors.ts";
import type { Environment } from "./environment.ts";
import { limits } from "./limits.ts";

const credentials = z.string().regex(/^[a-z][a-z0-9_]*$/, "a to z, 0 to 9 and _, the first a letter");

const endpoint = z.url({ protocol: /^https?$/ });

/** In SSM's Parameter Store, whose own names begin with /aws or /ssm. */
const parameter = z
  .string()
  .max(limits.maxParameterNameLength)
  .regex(
    /^(?!\/(aws|ssm))(\/[\w.-]+){1,15}$/i,
    "the name of an SSM parameter, such as /serverless-lance/prod/openai",
  );

/** How a service is asked, whatever it does. */
const asked = {
  model: z.string().min(1).max(512),
  timeout_ms: z.int().min(100).max(limits.maxProviderTimeoutMs).default(limits.providerTimeoutMs),
  concurrency: z.int().min(1).max(limits.maxEmbeddingConcurrency).default(limits.embeddingConcurrency),
};

const embedded = {
  ...asked,
  dimension: z.int().min(1).max(limits.maxDimension).optional(),
  batch: z.int().min(1).max(limits.maxEmbeddingBatch).default(limits.embeddingBatch),
  /** Put before each text, for models that were trained so. */
  document_prefix: z.string().max(1_000).default(""),
  query_prefix: z.string().max(1_000).default(""),
  /** Characters that a longer text is cut to; without it the provider says what it does not take. */
  truncate: z.int().min(1).max(limits.maxEmbeddedTextLength).optional(),
};

const openai = z.strictObject({
  kind: z.literal("openai"),
  /** What `/embeddings` is below of: `https://api.openai.com/v1`. */
  url: endpoint,
  /** Names a variable, so that no secret stands in the file: `openai` is OPENAI_API_KEY. */
  credentials: credentials.optional(),
  /** In its place, a SecureString that functions read themselves. */
  key_parameter: parameter.optional(),
  ...embedded,
});

const bedrock = z.strictObject({
  kind: z.literal("bedrock"),
  region: z.string().min(1).optional(),
  /** In place of AWS' own. */
  endpoint: endpoint.optional(),
  /** Names variables, as a bucket's does; without it whatever the AWS client finds. */
  credentials: credentials.optional(),
  ...embedded,
});

const name = z
  .string()
  .max(limits.maxProviderNameLength)
  .regex(/^[a-z0-9][a-z0-9_-]*$/, "a to z, 0 to 9, _ and -");

const rerankers = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("cohere"),
    /** What `/rerank` is below of: `https://api.cohere.com/v2`. */
    url: endpoint,
    credentials: credentials.optional(),
    key_parameter: parameter.optional(),
    ...{ model: asked.model, timeout_ms: asked.timeout_ms },
  }),
  z.strictObject({
    kind: z.literal("bedrock"),
    region: z.string().min(1).optional(),
    endpoint: endpoint.optional(),
    credentials: credentials.optional(),
    ...{ model: asked.model, timeout_ms: asked.timeout_ms },
  }),
]);

/** By name. */
export const declaredRerankers = z
  .record(name, rerankers)
  .refine((all) => Object.keys(all).length <= limits.maxProviders, `${limits.maxProviders} at most`);

/** By name. */
export const declaredEmbedders = z
  .record(name, z.discriminatedUnion("kind", [openai, bedrock]))
  .refine((all) => Object.keys(all).length <= limits.maxProviders, `${limits.maxProviders} at most`);

interface Asked {
  model: string;
  timeoutMs: number;
  concurrency: number;
}

export interface HttpService {
  kind: "http";
  url: string;
  /** A secret: neither logged nor told. */
  apiKey: string | undefined;
  /** What holds it in its place. */
  keyParameter: KeyParameter | undefined;
}

/** A SecureString of SSM's Parameter Store. */
export interface KeyParameter {
  name: string;
  region: string;
}

export interface BedrockService {
  kind: "bedrock";
  region: string;
  endpoint: string | undefined;
  credentials: Credentials | undefined;
}

/** A declared provider with what the environment holds of it. */
export type EmbedderSettings = Asked & {
  dimension: number | undefined;
  batch: number;
  prefixes: { document: string; query: string };
  truncate: number | undefined;
  service: HttpService | BedrockService;
};

export interface RerankerSettings {
  model: string;
  timeoutMs: number;
  service: HttpService | BedrockService;
}

/** @returns those that are complete, and what is wrong with the others */
export function rerankerSettings(
  declared: z.infer<typeof declaredRerankers>,
  environment: Environment,
): { settings: Map<string, RerankerSettings>; issues: Issue[] } {
  const all = Object.entries(declared);
  return {
    settings: new Map(
      all.map(([name, one]) => {
        const { model, timeout_ms: timeoutMs } = one;
        return [name, { model, timeoutMs, service: serviceOf(one, environment) }];
      }),
    ),
    issues: all.flatMap(([name, one]) => {
      const message = unusableKey(one, environment);
      return message ? [{ path: `rerank.${name}.credentials`, message }] : [];
    }),
  };
}

/** @returns those that are complete, and what is wrong with the others */
export function embedderSettings(
  declared: z.infer<typeof declaredEmbedders>,
  environment: Environment,
): { settings: Map<string, EmbedderSettings>; issues: Issue[] } {
  const settings = new Map<string, EmbedderSettings>();
  const issues: Issue[] = [];
  for (const [name, one] of Object.entries(declared)) {
    const message = unusableKey(one, environment);
    if (message) issues.push({ path: `embedding.${name}.credentials`, message });
    settings.set(name, {
      ...{ model: one.model, timeoutMs: one.timeout_ms, concurrency: one.concurrency },
      ...{ dimension: one.dimension, batch: one.batch, truncate: one.truncate },
      prefixes: { document: one.document_prefix, query: one.query_prefix },
      service: serviceOf(one, environment),
    });
  }
  return { settings, issues };
}

type Declared = z.infer<typeof openai> | z.infer<typeof bedrock> | z.infer<typeof rerankers>;

function serviceOf(declared: Declared, environment: Environment): HttpService | BedrockService {
  const variables = declared.credentials?.toUpperCase() ?? "";
  const own = environment.AWS_REGION ?? "us-east-1";
  if (declared.kind !== "bedrock")
    return {
      ...{ kind: "http", url: declared.url, apiKey: environment.apiKeys.get(variables) },
      keyParameter: declared.key_parameter ? { name: declared.key_parameter, region: own } : undefined,
    };
  return {
    kind: "bedrock",
    region: declared.region ?? own,
    endpoint: declared.endpoint,
    credentials: environment.credentials.get(variables),
  };
}

/** @returns what is wrong with where its key is to come from */
function unusableKey(declared: Declared, environment: Environment): string | undefined {
  if (declared.credentials === undefined) return undefined;
  const prefix = declared.credentials.toUpperCase();
  if (declared.kind !== "bedrock") {
    if (declared.key_parameter !== undefined)
      return "and key_parameter are one too many: either holds the key";
    return environment.apiKeys.has(prefix) ? undefined : `needs the variable ${prefix}_API_KEY`;
  }
  if (environment.credentials.has(prefix)) return undefined;
  return `needs the variables ${prefix}_ACCESS_KEY_ID and ${prefix}_SECRET_ACCESS_KEY`;
}
