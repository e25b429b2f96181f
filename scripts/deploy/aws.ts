import { CloudFormationClient } from "@aws-sdk/client-cloudformation";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { S3Client } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const requestTimeoutMs = 120_000; // a layer of 70 MB takes a while to be published

/** An account and a region of AWS, as whoever deploys reaches them. */
export interface Aws {
  account: string;
  /** Who deploys. */
  arn: string;
  /** Another address than AWS's own, such as LocalStack's. */
  endpoint: string | undefined;
  /** For processes that are to be the same caller. */
  environment: Record<string, string>;
  s3: S3Client;
  lambda: LambdaClient;
  cloudFormation: CloudFormationClient;
  logs: CloudWatchLogsClient;
}

/** @throws when there are no credentials, or AWS does not take them */
export async function reachAws(region: string): Promise<Aws> {
  const requestHandler = {
    requestTimeout: requestTimeoutMs,
    throwOnRequestTimeout: true,
    connectionTimeout: 10_000,
  };
  const common = { region, requestHandler };
  const endpoint = process.env["AWS_ENDPOINT_URL"] || undefined;
  const sts = new STSClient(common);
  const { Account = "", Arn = "" } = await sts.send(new GetCallerIdentityCommand({}));
  const { accessKeyId, secretAccessKey, sessionToken } = await sts.config.credentials();
  return {
    account: Account,
    arn: Arn,
    endpoint,
    environment: {
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      ...(sessionToken ? { AWS_SESSION_TOKEN: sessionToken } : {}),
    },
    s3: new S3Client({ ...common, forcePathStyle: endpoint !== undefined }),
    lambda: new LambdaClient(common),
    cloudFormation: new CloudFormationClient(common),
    logs: new CloudWatchLogsClient(common),
  };
}
