import type { SeenRequest } from "./recording-proxy.ts";
import { operationOf } from "./s3-operation.ts";

/** What a request needs to be allowed to do. */
export interface AwsCall {
  action: string;
  resource: string;
}

const account = "us-east-1:000000000000";

/** What S3 asks policies for before it does what a request says. @throws for a request that it is not known of */
export function s3Calls({ method, path, headers, body }: SeenRequest): AwsCall[] {
  const { pathname } = new URL(path, "http://s3");
  const at = decodeURIComponent(pathname.slice(1)).replace(/\/$/, "");
  const call = (action: string, resource = at) => ({
    action: `s3:${action}`,
    resource: `arn:aws:s3:::${resource}`,
  });
  const operation = operationOf(method, path, headers);
  const source = headers["x-amz-copy-source"];
  const read =
    source === undefined ? [] : [call("GetObject", decodeURIComponent(`${source}`).replace(/^\//, ""))];
  if (operation === "ListObjects") return [call("ListBucket")];
  if (operation === "DeleteObjects") return keysIn(body).map((key) => call("DeleteObject", `${at}/${key}`));
  const action = actions[operation];
  if (action === undefined) throw new Error(`${method} ${path} is no request that is known`);
  return [...read, call(action)];
}

const actions: Partial<Record<ReturnType<typeof operationOf>, string>> = {
  GetObject: "GetObject",
  HeadObject: "GetObject",
  PutObject: "PutObject",
  CopyObject: "PutObject",
  CreateMultipartUpload: "PutObject",
  UploadPart: "PutObject",
  CompleteMultipartUpload: "PutObject",
  AbortMultipartUpload: "AbortMultipartUpload",
  DeleteObject: "DeleteObject",
};

const keysIn = (body: Buffer) =>
  [...body.toString().matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, key = ""]) => key.replaceAll("&amp;", "&"));

/** The same of Step Functions. */
export function stepFunctionsCalls({ headers, body }: SeenRequest): AwsCall[] {
  const action = `${headers["x-amz-target"]}`.replace("AWSStepFunctions.", "");
  const { stateMachineArn, executionArn } = JSON.parse(body.toString()) as Record<string, string>;
  return [
    { action: `states:${action}`, resource: stateMachineArn ?? executionArn ?? `arn:aws:states:${account}:` },
  ];
}

/** The same of SSM. */
export function parameterCalls({ headers, body }: SeenRequest): AwsCall[] {
  const action = `${headers["x-amz-target"]}`.replace("AmazonSSM.", "");
  const { Name } = JSON.parse(body.toString()) as { Name: string };
  return [{ action: `ssm:${action}`, resource: `arn:aws:ssm:${account}:parameter${Name}` }];
}

/** The same of Bedrock. */
export function modelCalls({ method, path }: SeenRequest): AwsCall[] {
  const model = /^\/model\/([^/]+)\/invoke$/.exec(path)?.[1];
  if (method !== "POST" || model === undefined)
    throw new Error(`${method} ${path} is no request that is known`);
  const resource = `arn:aws:bedrock:us-east-1::foundation-model/${decodeURIComponent(model)}`;
  return [{ action: "bedrock:InvokeModel", resource }];
}
