import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import type { Credentials } from "../../lib/domain/bucket.ts";
import type { S3Place } from "./s3-lakehouse.ts";

/** Credentials of MinIO that may read and list everything, and nothing else. */
export async function readOnlyCredentials({ endpoint, credentials }: S3Place): Promise<Credentials> {
  const statement = {
    Effect: "Allow",
    Action: ["s3:GetObject", "s3:ListBucket"],
    Resource: ["arn:aws:s3:::*"],
  };
  const sts = new STSClient({ endpoint, region: "us-east-1", credentials });
  const { Credentials: given } = await sts.send(
    new AssumeRoleCommand({
      RoleArn: "arn:aws:iam::000000000000:role/reader",
      RoleSessionName: "reader",
      Policy: JSON.stringify({ Version: "2012-10-17", Statement: [statement] }),
    }),
  );
  return {
    accessKeyId: given?.AccessKeyId ?? "",
    secretAccessKey: given?.SecretAccessKey ?? "",
    sessionToken: given?.SessionToken ?? "",
  };
}
