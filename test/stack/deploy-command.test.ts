import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStacksCommand,
  waitUntilStackCreateComplete,
} from "@aws-sdk/client-cloudformation";
import { LambdaClient, ListFunctionsCommand, ListLayerVersionsCommand } from "@aws-sdk/client-lambda";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketPolicyCommand,
  DeletePublicAccessBlockCommand,
  GetBucketLifecycleConfigurationCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Aws, reachAws } from "../../scripts/deploy/aws.ts";
import { ensureBucket } from "../../scripts/deploy/stage-bucket.ts";
import { makeDeployable } from "../../scripts/deploy/stage-stack.ts";
import { project } from "../../scripts/stack/folders.ts";
import { LambdaGateway } from "../support/lambda-gateway.ts";
import { theStack } from "../support/stack.ts";

const commandTimeoutMs = 280_000;
const stage = `try-${process.pid}`;
const bucket = `deployed-by-${stage}`;
const stackName = `serverless-lance-${stage}`;
const layerName = `${stackName}-lance`;
const { localstack: endpoint } = theStack().endpoints;
const aws = { endpoint, region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "test" } };
const s3 = new S3Client({ ...aws, forcePathStyle: true });
const lambda = new LambdaClient(aws);
const gateway = new LambdaGateway(endpoint, stackName);
const caller = { AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
let url: string;
let account: Aws;

beforeAll(async () => {
  for (const [name, value] of Object.entries(caller)) vi.stubEnv(name, value);
  account = await reachAws("us-east-1");
  url = await gateway.listen();
});

afterAll(() => {
  gateway.close();
  vi.unstubAllEnvs();
});

/** Runs a command as whoever deploys does. @returns its output */
async function run(script: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, AWS_REGION: "us-east-1", SLS_AWS_MONITORING_FREQUENCY: "500" };
  const asked = [join(project, "scripts", script), "--stage", stage, "--bucket", bucket, ...args];
  const options = { cwd: project, env, timeout: commandTimeoutMs };
  const { stdout } = await promisify(execFile)(process.execPath, asked, options);
  return stdout;
}

const layerVersions = async () =>
  (await lambda.send(new ListLayerVersionsCommand({ LayerName: layerName }))).LayerVersions ?? [];
const keysIn = async (Prefix: string) =>
  ((await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix }))).Contents ?? []).map(
    ({ Key }) => Key,
  );
const functionNames = async () =>
  ((await lambda.send(new ListFunctionsCommand({}))).Functions ?? [])
    .map(({ FunctionName }) => FunctionName ?? "")
    .filter((name) => name.startsWith(stackName));

test(
  "one command deploys a stage that serves, a second time what is missing, and another undoes it",
  async () => {
    const first = await run("deploy.ts", "--url", url);
    const key = /shown this once: (sl_\S+)/.exec(first)?.[1] ?? "no key";
    expect(first).toMatch(/layer: arn:\S+:1, published/);
    expect(first).toContain("check: migrated, searched, fetched and dropped");

    const answer = await fetch(`${url}/indexes`, { headers: { "x-api-key": key } });
    expect([answer.status, await answer.json()]).toMatchObject([200, { indexes: [] }]);
    expect((await fetch(`${url}/indexes`)).status).toBe(401);
    const block = await s3.send(new GetPublicAccessBlockCommand({ Bucket: bucket }));
    expect(block.PublicAccessBlockConfiguration?.RestrictPublicBuckets).toBe(true);
    const rules = await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket: bucket }));
    expect(rules.Rules?.[0]?.AbortIncompleteMultipartUpload).toEqual({ DaysAfterInitiation: 7 });
    expect([await keysIn("deploy/"), (await keysIn("registry/keys/")).length]).toEqual([[], 1]);

    const again = await run("deploy.ts", "--url", url);
    expect(again).toMatch(/layer: arn:\S+:1, unchanged/);
    expect(again).not.toContain("shown this once");
    expect(await layerVersions()).toHaveLength(1);

    const removed = await run("remove.ts", "--delete-data", stage);
    expect(removed).toContain(`${bucket} are gone`);
    await expect(s3.send(new HeadBucketCommand({ Bucket: bucket }))).rejects.toThrow();
    expect([await layerVersions(), await functionNames()]).toEqual([[], []]);
    const stack = new CloudFormationClient(aws).send(new DescribeStacksCommand({ StackName: stackName }));
    await expect(stack).rejects.toThrow(/does not exist/);
    expect(await run("remove.ts")).toContain("is not there"); // may be repeated
  },
  4 * commandTimeoutMs,
);

test("a bucket gets what it lacks, keeps what it has, and is refused where it is public", async () => {
  const name = `kept-by-${stage}`;
  await s3.send(new CreateBucketCommand({ Bucket: name }));
  await s3.send(new DeletePublicAccessBlockCommand({ Bucket: name }));
  const rule = { ID: "own", Status: "Enabled", Filter: { Prefix: "old/" }, Expiration: { Days: 3 } } as const;
  const ofBucket = { Bucket: name, LifecycleConfiguration: { Rules: [rule] } };
  await s3.send(new PutBucketLifecycleConfigurationCommand(ofBucket));
  const Statement = [
    { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: `arn:aws:s3:::${name}/*` },
  ];
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
  await s3.send(new PutBucketPolicyCommand({ Bucket: name, Policy }));
  await expect(ensureBucket(account, name, "us-east-1")).rejects.toThrow(/makes it public/);
  await s3.send(new DeleteBucketPolicyCommand({ Bucket: name }));

  expect((await ensureBucket(account, name, "us-east-1")).join()).toMatch(
    /^is there,public access is blocked/,
  );
  expect(await ensureBucket(account, name, "us-east-1")).toEqual(["is there"]);
  const { Rules } = await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket: name }));
  expect(Rules?.map(({ ID }) => ID)).toEqual(["own", "serverless-lance-incomplete-uploads"]);
  await expect(ensureBucket(account, name, "eu-west-1")).rejects.toThrow(/is in us-east-1/);
  await s3.send(new DeleteBucketCommand({ Bucket: name }));
});

test("a stack that was never whole makes room", async () => {
  const StackName = `${stackName}-half`;
  const Type = "AWS::Lambda::Function";
  const Properties = {
    Code: { S3Bucket: "nobodys-bucket", S3Key: "none" },
    Role: "arn:aws:iam::000000000000:role/r",
  };
  const TemplateBody = JSON.stringify({ Resources: { Broken: { Type, Properties } } });
  const client = account.cloudFormation;
  await client.send(new CreateStackCommand({ StackName, TemplateBody }));
  await expect(
    waitUntilStackCreateComplete({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { StackName }),
  ).rejects.toThrow();
  expect(await makeDeployable(account, StackName)).toMatch(/was (ROLLBACK|CREATE)_\w+, and is gone/);
  expect(await makeDeployable(account, StackName)).toBeUndefined();
});
