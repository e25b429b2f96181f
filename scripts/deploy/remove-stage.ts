import { rmSync } from "node:fs";
import { DeleteLogGroupCommand, paginateDescribeLogGroups } from "@aws-sdk/client-cloudwatch-logs";
import { DeleteLayerVersionCommand } from "@aws-sdk/client-lambda";
import { DeleteBucketCommand } from "@aws-sdk/client-s3";
import { type AskedRemoval, layerOf, stackOf } from "./asked.ts";
import { type Aws, reachAws } from "./aws.ts";
import type { Report } from "./deploy-stage.ts";
import { layerVersions } from "./publish-layer.ts";
import { removeObjects } from "./remove-objects.ts";
import { stageFolder } from "./stage-lakehouse.ts";
import { deleteStack, describeStack, outputOf } from "./stage-stack.ts";

/** All that a stage keeps in its bucket. */
const dataOf = ["lance/", "registry/", "jobs/", "deploy/", ".conditional-writes"];

/** Undoes a deployment, but for its data unless that is asked for. May be repeated: what is gone is no error. */
export async function removeStage(asked: AskedRemoval, report: Report): Promise<void> {
  const { stage, region, bucket, deleteData } = asked;
  const aws = await reachAws(region);
  const audit = outputOf(await describeStack(aws.cloudFormation, stackOf(stage)), "AuditLogGroupName");
  const wasThere = await deleteStack(aws, stackOf(stage));
  report(`stack: ${stackOf(stage)} ${wasThere ? "is gone" : "is not there"}`);
  report(`layer: ${await deleteLayer(aws, layerOf(stage))} versions of ${layerOf(stage)} are gone`);
  report(`logs: ${await deleteLogs(aws, stackOf(stage))} groups that functions had left are gone`);
  if (audit)
    report(`audit: the group of logs ${audit} stays until what is in it is as old as it was set to get`);
  rmSync(stageFolder(stage), { recursive: true, force: true });
  report(`data: ${bucket && deleteData ? await deleteDataOf(aws, bucket) : kept(bucket)}`);
}

const kept = (bucket = "the bucket") =>
  `${bucket} stays as it is, and is paid for; a deployment to it serves the same indexes and keys again`;

async function deleteLayer({ lambda }: Aws, LayerName: string): Promise<number> {
  const versions = await layerVersions(lambda, LayerName);
  for (const { Version } of versions)
    await lambda.send(new DeleteLayerVersionCommand({ LayerName, VersionNumber: Version }));
  return versions.length;
}

/** Of functions that were called while the stack went: their groups are made anew then. */
async function deleteLogs({ logs: client }: Aws, stack: string): Promise<number> {
  const ours = new RegExp(`^/aws/lambda/${stack}-[A-Za-z0-9]+$`); // prod has none of prod-eu's
  const names: string[] = [];
  for await (const { logGroups = [] } of paginateDescribeLogGroups(
    { client },
    { logGroupNamePrefix: `/aws/lambda/${stack}-` },
  ))
    names.push(...logGroups.flatMap(({ logGroupName: name }) => (name && ours.test(name) ? [name] : [])));
  for (const logGroupName of names) await client.send(new DeleteLogGroupCommand({ logGroupName }));
  return names.length;
}

async function deleteDataOf({ s3 }: Aws, bucket: string): Promise<string> {
  let removed = 0;
  for (const prefix of dataOf) removed += await removeObjects(s3, bucket, prefix);
  try {
    await s3.send(new DeleteBucketCommand({ Bucket: bucket }));
    return `${removed} objects and ${bucket} are gone`;
  } catch (error) {
    if ((error as Error).name === "NoSuchBucket") return `${bucket} is not there`;
    if ((error as Error).name !== "BucketNotEmpty") throw error;
    return `${removed} objects are gone; ${bucket} stays, as there is more in it than the stage's`;
  }
}
