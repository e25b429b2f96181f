import {
  CreateBucketCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  type LifecycleRule,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutPublicAccessBlockCommand,
} from "@aws-sdk/client-s3";
import type { Aws } from "./aws.ts";

const blocked = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
};
const ruleId = "serverless-lance-incomplete-uploads";
/** Writers that were killed leave parts of uploads, which are paid for and which nothing lists. */
const incompleteUploads: LifecycleRule = {
  ID: ruleId,
  Status: "Enabled",
  Filter: { Prefix: "" },
  AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
};

/**
 * Makes the bucket, or what it lacks: public access is blocked, objects are encrypted, parts of uploads that nobody ends go.
 * @returns what was done, in words
 */
export async function ensureBucket(aws: Aws, bucket: string, region: string): Promise<string[]> {
  const made = await makeBucket(aws, bucket, region);
  const done = [
    await blockPublicAccess(aws, bucket),
    await encrypt(aws, bucket),
    await abortUploads(aws, bucket),
  ];
  return [made, ...done, await versioningOf(aws, bucket)].filter((one) => one !== undefined);
}

async function makeBucket({ s3 }: Aws, bucket: string, region: string): Promise<string> {
  const there = await regionOf(s3, bucket);
  if (there === undefined) {
    const where =
      region === "us-east-1" ? {} : { CreateBucketConfiguration: { LocationConstraint: region as never } };
    await s3.send(new CreateBucketCommand({ Bucket: bucket, ...where }));
    return "made";
  }
  if (there === region) return "is there";
  throw new Error(
    `the bucket ${bucket} is in ${there}: deploy with --region ${there}, or name another bucket`,
  );
}

/** @returns undefined where there is none. @throws when it is somebody else's */
async function regionOf(s3: Aws["s3"], bucket: string): Promise<string | undefined> {
  try {
    return (await s3.send(new HeadBucketCommand({ Bucket: bucket }))).BucketRegion ?? "us-east-1";
  } catch (error) {
    const { $metadata, $response } = error as {
      $metadata?: { httpStatusCode?: number };
      $response?: { headers?: Record<string, string> };
    };
    if ($metadata?.httpStatusCode === 404) return undefined;
    if ($metadata?.httpStatusCode === 301)
      return $response?.headers?.["x-amz-bucket-region"] ?? "another region";
    if ($metadata?.httpStatusCode === 403)
      throw new Error(
        `the bucket ${bucket} is somebody else's, or s3:ListBucket of it is not allowed: names of buckets are unique in the world`,
      );
    throw error;
  }
}

async function blockPublicAccess({ s3 }: Aws, Bucket: string): Promise<string | undefined> {
  const of = { Bucket };
  const now = await unlessMissing(/NoSuchPublicAccessBlock/, () =>
    s3.send(new GetPublicAccessBlockCommand(of)),
  );
  const settings = now?.PublicAccessBlockConfiguration ?? {};
  if (Object.keys(blocked).every((name) => settings[name as keyof typeof blocked])) return undefined;
  if (await letsAnybody(s3, Bucket))
    throw new Error(
      `the policy of the bucket ${Bucket} makes it public: take that out, or name another bucket`,
    );
  await s3.send(new PutPublicAccessBlockCommand({ ...of, PublicAccessBlockConfiguration: blocked }));
  return "public access is blocked now";
}

/** Whether its policy allows something to all the world, as of a bucket that a page is served from. */
async function letsAnybody(s3: Aws["s3"], Bucket: string): Promise<boolean> {
  const found = await unlessMissing(/NoSuchBucketPolicy/, () =>
    s3.send(new GetBucketPolicyCommand({ Bucket })),
  );
  const { Statement = [] } = JSON.parse(found?.Policy ?? "{}") as { Statement?: PolicyStatement[] };
  return [Statement]
    .flat()
    .some(({ Effect, Principal, Condition }) => Effect === "Allow" && !Condition && isAnybody(Principal));
}

interface PolicyStatement {
  Effect: string;
  Principal?: string | { AWS?: string | string[] };
  Condition?: unknown;
}

const isAnybody = (principal: PolicyStatement["Principal"]) =>
  [typeof principal === "object" ? principal.AWS : principal].flat().includes("*");

async function encrypt({ s3 }: Aws, Bucket: string): Promise<string | undefined> {
  const missing = /ServerSideEncryptionConfigurationNotFound/;
  const now = await unlessMissing(missing, () => s3.send(new GetBucketEncryptionCommand({ Bucket })));
  if (now?.ServerSideEncryptionConfiguration?.Rules?.length) return undefined;
  const Rules = [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" as const } }];
  await s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules } }));
  return "objects are encrypted now";
}

/** Rules of others stay. */
async function abortUploads({ s3 }: Aws, Bucket: string): Promise<string | undefined> {
  const now = await unlessMissing(/NoSuchLifecycleConfiguration/, () =>
    s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket })),
  );
  const rules = now?.Rules ?? [];
  if (rules.some(({ ID }) => ID === ruleId)) return undefined;
  const LifecycleConfiguration = { Rules: [...rules, incompleteUploads] };
  await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }));
  return "parts of uploads that nobody ends go after a week now";
}

/** Nothing needs it: data is never written over, and what is dropped would stay and be paid for. */
async function versioningOf({ s3 }: Aws, Bucket: string): Promise<string | undefined> {
  const { Status } = await s3.send(new GetBucketVersioningCommand({ Bucket }));
  return Status === "Enabled"
    ? "its versioning is on: give it a lifecycle rule for noncurrent versions, or what is dropped is paid for ever"
    : undefined;
}

async function unlessMissing<T>(missing: RegExp, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (missing.test((error as Error).name)) return undefined;
    throw error;
  }
}
