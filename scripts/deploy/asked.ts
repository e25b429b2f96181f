import { parseArgs } from "node:util";
import type { Arch } from "../bundle/layer-modules.ts";

export const service = "serverless-lance";
export const stackOf = (stage: string) => `${service}-${stage}`;
export const layerOf = (stage: string) => `${stackOf(stage)}-lance`;

/** What a deployment or a removal was asked for. */
export interface Asked {
  stage: string;
  region: string;
}

export interface AskedDeployment extends Asked {
  bucket: string;
  auth: string;
  params: Record<string, string>;
  /** A file of the caller's that says where the data is, in the project. */
  lakehouse?: string;
  /** Where the API is served, if not at the address that API Gateway gives it. */
  url?: string;
  /** For requests of the check, where neither keys nor identities of AWS count. */
  token?: string;
}

export interface AskedRemoval extends Asked {
  bucket?: string;
  deleteData: boolean;
}

const text = { type: "string" } as const;

/** @throws naming what is missing or wrong */
export function askedDeployment(args: string[], environment: NodeJS.ProcessEnv): AskedDeployment {
  const options = { stage: text, region: text, bucket: text, auth: text, lakehouse: text, url: text };
  const { values } = parseArgs({ args, options: { ...options, param: { ...text, multiple: true } } });
  const { auth = "keys", lakehouse, url } = values;
  const given = (values.param ?? []).map(parameterOf);
  if (given.some(([name]) => name === "auth")) throw new Error("give --auth in place of --param auth=…");
  const token = environment["DEPLOY_TOKEN"];
  return {
    ...stageOf(values.stage, values.region, environment),
    bucket: bucketOf(values.bucket),
    auth,
    params: Object.fromEntries(given),
    ...(lakehouse ? { lakehouse } : {}),
    ...(url ? { url: url.replace(/\/$/, "") } : {}),
    ...(token ? { token } : {}),
  };
}

/** @throws naming what is missing or wrong */
export function askedRemoval(args: string[], environment: NodeJS.ProcessEnv): AskedRemoval {
  const options = { stage: text, region: text, bucket: text, "delete-data": text };
  const { values } = parseArgs({ args, options });
  const asked = stageOf(values.stage, values.region, environment);
  const repeated = values["delete-data"];
  if (repeated !== undefined && repeated !== asked.stage)
    throw new Error(`--delete-data takes the stage's name once more, ${asked.stage}, not ${repeated}`);
  if (repeated !== undefined && !values.bucket)
    throw new Error("--delete-data needs --bucket, whose data goes");
  const bucket = values.bucket === undefined ? {} : { bucket: bucketOf(values.bucket) };
  return { ...asked, ...bucket, deleteData: repeated !== undefined };
}

/** The processors that functions were asked to run on. */
export const archOf = ({ params }: AskedDeployment): Arch =>
  params["architecture"] === "arm64" ? "arm64" : "x64";

function stageOf(
  stage: string | undefined,
  region: string | undefined,
  environment: NodeJS.ProcessEnv,
): Asked {
  if (!stage) throw new Error("--stage names the stage, such as prod");
  if (stage === "dev" || stage === "local")
    throw new Error(`${stage} is a stage of this machine: npm run ${stage === "dev" ? "dev" : "stack"}`);
  if (!/^[a-z][a-z0-9-]{0,29}$/.test(stage) || stage.endsWith("-"))
    // names of functions have 64 characters
    throw new Error(
      `--stage is up to 30 of a-z, 0-9 and -, a letter first and no - at its end, not ${stage}`,
    );
  const where = region ?? environment["AWS_REGION"];
  if (!where) throw new Error("--region names the region, such as eu-west-1");
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(where)) throw new Error(`--region is such as eu-west-1, not ${where}`);
  return { stage, region: where };
}

/** By the rules of S3, without dots, which certificates of S3 do not take. */
function bucketOf(bucket: string | undefined): string {
  if (!bucket) throw new Error("--bucket names the bucket for the data; one that is not there is made");
  if (!/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(bucket) || /^(xn--|sthree-)|(-s3alias|--ol-s3)$/.test(bucket))
    throw new Error(`--bucket has 3 to 63 of a-z, 0-9 and -, none of them - at an end, not ${bucket}`);
  return bucket;
}

function parameterOf(given: string): [string, string] {
  const [name = "", ...value] = given.split("=");
  if (!name || value.length === 0) throw new Error(`--param is name=value, not ${given}`);
  return [name, value.join("=")];
}
