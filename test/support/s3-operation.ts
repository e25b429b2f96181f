import type { IncomingHttpHeaders } from "node:http";

export type Operation =
  | "GetObject"
  | "HeadObject"
  | "PutObject"
  | "CopyObject"
  | "DeleteObject"
  | "DeleteObjects"
  | "ListObjects"
  | "CreateMultipartUpload"
  | "UploadPart"
  | "CompleteMultipartUpload"
  | "AbortMultipartUpload"
  | "other";

/** Which call of S3 a request is, for endpoints whose paths start with the bucket. */
export function operationOf(method: string, path: string, headers: IncomingHttpHeaders): Operation {
  const { pathname, searchParams } = new URL(path, "http://s3");
  const isObject = /^\/[^/]+\/./.test(pathname);
  if (!isObject) return bucketOperation(method, searchParams);
  if (searchParams.has("uploads") && method === "POST") return "CreateMultipartUpload";
  if (searchParams.has("uploadId")) return multipart[method] ?? "other";
  if (method === "PUT" && headers["x-amz-copy-source"] !== undefined) return "CopyObject";
  return plain[method] ?? "other";
}

const plain: Record<string, Operation> = {
  GET: "GetObject",
  HEAD: "HeadObject",
  PUT: "PutObject",
  DELETE: "DeleteObject",
};

const multipart: Record<string, Operation> = {
  PUT: "UploadPart",
  POST: "CompleteMultipartUpload",
  DELETE: "AbortMultipartUpload",
};

function bucketOperation(method: string, query: URLSearchParams): Operation {
  if (method === "POST" && query.has("delete")) return "DeleteObjects";
  return method === "GET" && (query.has("list-type") || query.has("prefix")) ? "ListObjects" : "other";
}

const codes: Record<number, [code: string, message: string]> = {
  429: ["TooManyRequests", "Please reduce your request rate."],
  500: ["InternalError", "We encountered an internal error. Please try again."],
  503: ["SlowDown", "Please reduce your request rate."],
};

/** The body of an error as S3 sends it. */
export function errorBody(status: number, path: string): string {
  const [code = "InternalError", message = ""] = codes[status] ?? [];
  const resource = new URL(path, "http://s3").pathname.replace(/[<>&]/g, "");
  const fields = `<Code>${code}</Code><Message>${message}</Message><Resource>${resource}</Resource>`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${fields}<RequestId>fault</RequestId></Error>`;
}
