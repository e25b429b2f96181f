import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse, TomlError } from "smol-toml";
import { z } from "zod";
import { type Bucket, Buckets, bucketRoot, type Credentials } from "../domain/bucket.ts";
import { DomainError, type Issue } from "../domain/errors.ts";
import { bucketAlias } from "../domain/names.ts";
import { issuesOf } from "../domain/validate.ts";
import type { Environment } from "./environment.ts";
import {
  declaredEmbedders,
  declaredRerankers,
  type EmbedderSettings,
  embedderSettings,
  type RerankerSettings,
  rerankerSettings,
} from "./providers.ts";

const localBucket = z.strictObject({
  name: bucketAlias,
  backend: z.literal("local").default("local"),
  path: z.string().min(1).optional(),
  read_only: z.boolean().default(false),
});

const s3Bucket = z.strictObject({
  name: bucketAlias,
  backend: z.literal("s3"),
  bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "the name of an S3 bucket"),
  prefix: z
    .string()
    .regex(/^[\w.=-]+(\/[\w.=-]+)*$/, "segments of A-Z a-z 0-9 _ . = -, separated by /")
    .refine((prefix) => !prefix.split("/").some((segment) => segment === "." || segment === ".."), {
      message: "no . or .. segments",
    })
    .optional(),
  region: z.string().min(1).optional(),
  endpoint: z.url({ protocol: /^https?$/ }).optional(),
  allow_http: z.boolean().optional(),
  /** Names variables, so that no secret stands in the file: `minio` is MINIO_ACCESS_KEY_ID and so on. */
  credentials: z
    .string()
    .regex(/^[a-z][a-z0-9_]*$/, "a to z, 0 to 9 and _, the first a letter")
    .optional(),
  read_only: z.boolean().default(false),
});

/** `s3:NAME` implies the backend and the bucket. */
function withImplied(declared: unknown): unknown {
  if (typeof declared !== "object" || declared === null) return declared;
  const { name } = declared as { name?: unknown };
  const implied = typeof name === "string" && name.startsWith("s3:");
  return { backend: implied ? "s3" : "local", ...(implied ? { bucket: name.slice(3) } : {}), ...declared };
}

const lakehouseSchema = z.strictObject({
  storage: z
    .strictObject({
      data_root: z.string().min(1).optional(),
      buckets: z
        .array(z.preprocess(withImplied, z.discriminatedUnion("backend", [localBucket, s3Bucket])))
        .default([]),
    })
    .default({ buckets: [] }),
  embedding: declaredEmbedders.default({}),
  rerank: declaredRerankers.default({}),
});

type Declared = z.infer<typeof lakehouseSchema>["storage"]["buckets"][number];

/**
 * The registered buckets of `lakehouse.toml`; without the file, `primary` alone.
 * @throws ConfigInvalid with every problem at once, by field
 */
export function loadBuckets(environment: Environment, cwd = process.cwd()): Buckets {
  const { file, storage } = readLakehouse(environment, cwd);
  const base = existsSync(file) ? dirname(file) : cwd;
  const dataRoot = environment.DATA_ROOT
    ? resolve(cwd, environment.DATA_ROOT)
    : resolve(base, storage.data_root ?? "data");
  const declared: readonly Declared[] = storage.buckets.some((bucket) => bucket.name === "primary")
    ? storage.buckets
    : [...storage.buckets, { name: "primary", backend: "local", read_only: false } as const]; // last: issues count by the file
  const buckets = declared.map((bucket) => register(bucket, base, dataRoot, environment));
  const issues = [...clashes(buckets), ...missingCredentials(declared, environment)];
  if (issues.length > 0) throw invalid(issues);
  return new Buckets(buckets);
}

/** The rerankers of `lakehouse.toml` by their names; none without the file. @throws ConfigInvalid */
export function loadRerankers(
  environment: Environment,
  cwd = process.cwd(),
): ReadonlyMap<string, RerankerSettings> {
  const { settings, issues } = rerankerSettings(readLakehouse(environment, cwd).rerank, environment);
  if (issues.length > 0) throw invalid(issues);
  return settings;
}

/** The embedding providers of `lakehouse.toml` by their names; none without the file. @throws ConfigInvalid */
export function loadEmbedders(
  environment: Environment,
  cwd = process.cwd(),
): ReadonlyMap<string, EmbedderSettings> {
  const { embedding } = readLakehouse(environment, cwd);
  const { settings, issues } = embedderSettings(embedding, environment);
  if (issues.length > 0) throw invalid(issues);
  return settings;
}

function readLakehouse({ LAKEHOUSE_TOML }: Environment, cwd: string) {
  const file = resolve(cwd, LAKEHOUSE_TOML ?? "lakehouse.toml");
  if (LAKEHOUSE_TOML && !existsSync(file))
    throw new DomainError("ConfigInvalid", `LAKEHOUSE_TOML names ${LAKEHOUSE_TOML}, which is not there`);
  return { file, ...parseLakehouse(existsSync(file) ? readFileSync(file, "utf8") : "") };
}

function parseLakehouse(text: string) {
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw invalid([
      { path: `line ${error.line}, column ${error.column}`, message: error.message.split("\n")[0] ?? "" },
    ]);
  }
  const parsed = lakehouseSchema.safeParse(document);
  if (!parsed.success) throw invalid(issuesOf(parsed.error));
  return parsed.data;
}

function register(declared: Declared, base: string, dataRoot: string, environment: Environment): Bucket {
  const common = { name: declared.name, readOnly: declared.read_only };
  if (declared.backend === "local") {
    const path = declared.path === undefined ? undefined : resolve(base, declared.path);
    return { ...common, backend: "local", root: bucketRoot(dataRoot, { ...declared, path }) };
  }
  const endpoint = declared.endpoint ?? environment.AWS_ENDPOINT;
  return {
    ...common,
    backend: "s3",
    root: bucketRoot(dataRoot, declared),
    region: declared.region ?? environment.AWS_REGION ?? "us-east-1",
    endpoint,
    allowHttp: declared.allow_http ?? endpoint?.startsWith("http://") ?? environment.AWS_ALLOW_HTTP ?? false,
    credentials: credentialsOf(declared, environment),
  };
}

/** Without a name, whatever the AWS client finds: a role, a profile, AWS_ACCESS_KEY_ID. */
function credentialsOf(declared: Declared, { credentials }: Environment): Credentials | undefined {
  if (declared.backend === "local" || declared.credentials === undefined) return undefined;
  return credentials.get(declared.credentials.toUpperCase());
}

function missingCredentials(declared: readonly Declared[], environment: Environment): Issue[] {
  return declared.flatMap((bucket, i) => {
    if (bucket.backend === "local" || !bucket.credentials || credentialsOf(bucket, environment)) return [];
    const prefix = bucket.credentials.toUpperCase();
    const message = `needs the variables ${prefix}_ACCESS_KEY_ID and ${prefix}_SECRET_ACCESS_KEY`;
    return [{ path: `storage.buckets[${i}].credentials`, message }];
  });
}

/** Two aliases must not share a name or a root: a drop in one would delete the other's data. */
function clashes(buckets: Bucket[]): Issue[] {
  return buckets.flatMap((bucket, i) => {
    const path = `storage.buckets[${i}]`;
    const earlier = buckets.slice(0, i);
    if (earlier.some((other) => other.name === bucket.name))
      return [{ path: `${path}.name`, message: `"${bucket.name}" is declared twice` }];
    const same = earlier.find((other) => other.root === bucket.root);
    return same ? [{ path, message: `has the same root as "${same.name}"` }] : [];
  });
}

function invalid(issues: Issue[]): DomainError {
  const list = issues.map((issue) => `\n  ${issue.path}: ${issue.message}`).join("");
  return new DomainError("ConfigInvalid", `lakehouse.toml is not valid:${list}`, { issues });
}
