import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { LambdaClient, ListFunctionsCommand, ListLayerVersionsCommand } from "@aws-sdk/client-lambda";
import {
  GetBucketLifecycleConfigurationCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
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
let url: string;

beforeAll(async () => {
  url = await gateway.listen();
});

afterAll(() => gateway.close());

/** Runs a command as whoever deploys does. @returns its output */
async function run(script: string, ...args: string[]): Promise<string> {
  const AWS = { AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
  const env = { ...process.env, ...AWS, AWS_REGION: "us-east-1", SLS_AWS_MONITORING_FREQUENCY: "500" };
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
