import { setTimeout as sleep } from "node:timers/promises";
import {
  type CloudFormationClient,
  DeleteStackCommand,
  DescribeStackResourceCommand,
  DescribeStacksCommand,
  type Stack,
  waitUntilStackDeleteComplete,
} from "@aws-sdk/client-cloudformation";
import type { Aws } from "./aws.ts";
import { removeObjects } from "./remove-objects.ts";

const deleteTimeoutSeconds = 30 * 60;
const restTimeoutMs = 30 * 60_000;
const pauseMs = 5_000;
/** A stack that was never whole holds no data, and cannot be updated. */
const neverWhole = [
  "ROLLBACK_COMPLETE",
  "ROLLBACK_FAILED",
  "CREATE_FAILED",
  "DELETE_FAILED",
  "REVIEW_IN_PROGRESS",
];

/** @returns undefined where there is no such stack */
export async function describeStack(client: CloudFormationClient, name: string): Promise<Stack | undefined> {
  try {
    return (await client.send(new DescribeStacksCommand({ StackName: name }))).Stacks?.[0];
  } catch (error) {
    if ((error as Error).message.includes("does not exist")) return undefined;
    throw error;
  }
}

export const outputOf = (stack: Stack | undefined, key: string): string | undefined =>
  stack?.Outputs?.find(({ OutputKey }) => OutputKey === key)?.OutputValue;

/** Makes room for a deployment after one that failed. @returns what was done. @throws naming what has to be done by hand */
export async function makeDeployable(aws: Aws, name: string): Promise<string | undefined> {
  const status = await restingStatus(aws.cloudFormation, name);
  if (status === undefined) return undefined;
  if (neverWhole.includes(status)) {
    await deleteStack(aws, name);
    return `the stack ${name} was ${status}, and is gone`;
  }
  if (status === "UPDATE_ROLLBACK_FAILED")
    throw new Error(`${name} is ${status}: aws cloudformation continue-update-rollback --stack-name ${name}`);
  return undefined;
}

/** Waits for what is under way: a deployment whose command was ended goes on without it. */
async function restingStatus(client: CloudFormationClient, name: string): Promise<string | undefined> {
  for (const until = Date.now() + restTimeoutMs; ; await sleep(pauseMs)) {
    const status = (await describeStack(client, name))?.StackStatus;
    if (!status?.endsWith("_IN_PROGRESS") || status === "REVIEW_IN_PROGRESS") return status;
    if (Date.now() > until) throw new Error(`${name} is ${status} for half an hour: look at its events`);
  }
}

/** Where a stack serves: its API, and searches, which may have a URL of their own instead. */
export interface Served {
  api: string;
  search: string;
}

/** @param url of the API, if it is not what API Gateway gives it. @throws where the stack has no address */
export async function servedBy(
  { cloudFormation }: Aws,
  name: string,
  { url, params }: { url?: string; params: Record<string, string> },
): Promise<Served> {
  const stack = await describeStack(cloudFormation, name);
  const addressOf = (key: string) => {
    const value = outputOf(stack, key);
    if (value?.startsWith("https://")) return value.replace(/\/$/, "");
    throw new Error(`the stack ${name} has no address ${key}; --url says where its API is served`);
  };
  const api = url ?? addressOf("HttpApiUrl");
  return { api, search: params["searchUrl"] === "instead" ? addressOf("SearchLambdaFunctionUrl") : api };
}

/** Ends with the stack gone. @throws with why it is not. @returns whether it was there */
export async function deleteStack(aws: Aws, name: string): Promise<boolean> {
  const { cloudFormation: client } = aws;
  if (!(await describeStack(client, name))) return false;
  const artifacts = await artifactsBucket(client, name);
  if (artifacts) await removeObjects(aws.s3, artifacts); // or the bucket could not be deleted
  await client.send(new DeleteStackCommand({ StackName: name }));
  const waiting = { client, maxWaitTime: deleteTimeoutSeconds, minDelay: 2, maxDelay: 10 };
  try {
    await waitUntilStackDeleteComplete(waiting, { StackName: name });
  } catch (error) {
    const now = await describeStack(client, name);
    if (!now) return true;
    const why = now.StackStatusReason ?? "look at its events in the console of CloudFormation";
    throw new Error(`the stack ${name} is ${now.StackStatus}: ${why}; then run this again`, { cause: error });
  }
  return true;
}

/** Where Serverless put what it deployed. */
async function artifactsBucket(client: CloudFormationClient, name: string): Promise<string | undefined> {
  const resource = { StackName: name, LogicalResourceId: "ServerlessDeploymentBucket" };
  try {
    const { StackResourceDetail } = await client.send(new DescribeStackResourceCommand(resource));
    const isGone = StackResourceDetail?.ResourceStatus === "DELETE_COMPLETE";
    return isGone ? undefined : StackResourceDetail?.PhysicalResourceId;
  } catch (error) {
    if ((error as Error).message.includes("does not exist")) return undefined;
    throw error;
  }
}
