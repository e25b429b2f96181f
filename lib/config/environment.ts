import { z } from "zod";
import type { Credentials } from "../domain/bucket.ts";
import { prices } from "../domain/cost/prices.ts";
import { DomainError } from "../domain/errors.ts";
import { indexName } from "../domain/names.ts";
import { issuesOf } from "../domain/validate.ts";
import { isIssuersUrl } from "./issuer-url.ts";
import { limits } from "./limits.ts";

const flag = z.stringbool().optional();

const json = z.string().transform((text, { issues }) => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    issues.push({ code: "custom", message: "must be JSON", input: text });
    return z.NEVER;
  }
});

const environmentSchema = z.object({
  DATA_ROOT: z.string().min(1).optional(),
  LAKEHOUSE_TOML: z.string().min(1).optional(),
  LAKEHOUSE_AUTH: z.enum(["open", "keys", "iam", "jwt"]).optional(),
  LAKEHOUSE_JWT_ISSUER: z
    .string()
    .max(limits.maxIssuerUrlLength)
    .refine(isIssuersUrl, "https, or http to this machine")
    .optional(),
  LAKEHOUSE_JWT_AUDIENCE: z
    .string()
    .transform((names) => names.split(",").map((name) => name.trim()))
    .pipe(z.array(z.string().min(1)))
    .optional(),
  LAKEHOUSE_JWT_CLAIM: z
    .string()
    .regex(/^(?!sub$)[\x21-\x7e]{1,128}$/, "a claim beside sub")
    .optional(),
  WORKFLOW: z.enum(["embedded", "stepfunctions"]).default("embedded"),
  REQUEST_TIMEOUT_MS: z.coerce.number().int().min(100).max(900_000).optional(),
  EVENTUAL_STALENESS_MS: z.coerce.number().int().min(0).max(5_000).optional(),
  RETIRE_AFTER_MS: z.coerce.number().int().min(0).max(900_000).optional(),
  WRITE_TURN_MS: z.coerce.number().int().min(50).max(60_000).optional(),
  REPLICA_MAX_BYTES: z.coerce.number().int().min(0).optional(),
  CONTAINER_DISK_MB: z.coerce.number().int().min(0).optional(),
  CONTAINER_MEMORY_MB: z.coerce.number().int().min(128).optional(),
  AWS_LAMBDA_FUNCTION_NAME: z.string().optional(),
  IS_OFFLINE: flag,
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: z.coerce.number().int().positive().optional(),
  AWS_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  AWS_ALLOW_HTTP: flag,
  AWS_REGION: z.string().min(1).optional(),
  STATE_MACHINE_PREFIX: z
    .string()
    .regex(/^arn:[\w-]+:states:[\w-]+:\d{12}:stateMachine:[\w-]*$/, "the start of a state machine's ARN")
    .optional(),
  WARM_INDEXES: z
    .string()
    .transform((names) => names.split(",").map((name) => name.trim()))
    .pipe(z.array(indexName).max(limits.maxOpenHandles))
    .optional(),
  BUILD_MEMORY_MB: z.coerce.number().int().min(128).optional(),
  BUILD_DISK_MB: z.coerce.number().int().min(512).optional(),
  BUILD_TIMEOUT_S: z.coerce.number().int().min(1).optional(),
  TASK_TIME_LIMIT_MS: z.coerce.number().int().min(1_000).optional(),
  PRICES: json.pipe(prices).optional(),
  COST_METRICS: z.enum(["total", "index"]).optional(),
  AWS_LAMBDA_INITIALIZATION_TYPE: z.string().optional(),
});

export interface Environment extends z.infer<typeof environmentSchema> {
  /** By the prefix of their variables: `MINIO` for `MINIO_ACCESS_KEY_ID` and `MINIO_SECRET_ACCESS_KEY`. */
  credentials: ReadonlyMap<string, Credentials>;
  /** Of services that are asked by one, by the prefix of its variable: `OPENAI` for `OPENAI_API_KEY`. */
  apiKeys: ReadonlyMap<string, string>;
}

/**
 * The environment, parsed once; an empty variable counts as absent.
 * @throws ConfigInvalid naming every variable that is wrong
 */
export function readEnvironment(variables: NodeJS.ProcessEnv = process.env): Environment {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
  const parsed = environmentSchema.safeParse(set);
  if (parsed.success) return { ...parsed.data, credentials: credentialsIn(set), apiKeys: apiKeysIn(set) };
  const issues = issuesOf(parsed.error);
  const list = issues.map((issue) => `\n  ${issue.path}: ${issue.message}`).join("");
  throw new DomainError("ConfigInvalid", `the environment is not valid:${list}`, { issues });
}

function credentialsIn(variables: Record<string, string | undefined>): Map<string, Credentials> {
  const prefixes = Object.keys(variables).flatMap((name) => /^(\w+)_ACCESS_KEY_ID$/.exec(name)?.[1] ?? []);
  return new Map(
    prefixes.flatMap((prefix): [string, Credentials][] => {
      const accessKeyId = variables[`${prefix}_ACCESS_KEY_ID`];
      const secretAccessKey = variables[`${prefix}_SECRET_ACCESS_KEY`];
      const sessionToken = variables[`${prefix}_SESSION_TOKEN`];
      return accessKeyId && secretAccessKey ? [[prefix, { accessKeyId, secretAccessKey, sessionToken }]] : [];
    }),
  );
}

function apiKeysIn(variables: Record<string, string | undefined>): Map<string, string> {
  return new Map(
    Object.entries(variables).flatMap(([name, value]): [string, string][] => {
      const prefix = /^(\w+)_API_KEY$/.exec(name)?.[1];
      return prefix && value ? [[prefix, value]] : [];
    }),
  );
}
