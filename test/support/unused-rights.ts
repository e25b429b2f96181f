const reasons: [functions: string[], right: string, reason: string][] = [
  [
    ["Build", "Compact", "CreateIndex", "Fork", "Load", "Plan", "Publish", "WriteDocuments"],
    "s3:AbortMultipartUpload /lance/*",
    "an upload in parts that fails is given up, or its parts would be paid for",
  ],
  [
    ["Build", "Compact", "Discard", "Fork", "Load", "Plan", "Publish", "Retire", "Verify"],
    "s3:DeleteObject /lance/*",
    "a task whose job was ended meanwhile removes what it has written",
  ],
  [
    ["Export"],
    "s3:DeleteObject /lance/*",
    "whatever its job, a task looks for what one that was ended has left",
  ],
  [["Export", "Discard", "Plan"], "s3:DeleteObject /exports/*", "the same of files of an export"],
  [
    ["CancelJob", "Discard"],
    "s3:GetObject /exports/*",
    "its claim of a prefix, and files that are told anew",
  ],
  [["Plan"], "s3:GetObject /exports/*", "who else writes there, or has around it"],
  [["CancelJob"], "s3:DeleteObject /exports/*", "a cancelled export has mostly written some already"],
  [["Discard"], "s3:PutObject /exports/*", "an export that failed once all was written is finished"],
  [["Discard"], "s3:PutObject /.conditional-writes", "the same"],
  [["CatchUp"], "s3:DeleteObject /lance/*", "old versions go when they are older than a day"],
  [
    ["CatchUp", "WriteDocuments"],
    "s3:GetObject /jobs/*",
    "a job that takes in what was written may be under way already",
  ],
  [["CatchUp", "WriteDocuments"], "s3:PutObject /jobs/*", "such a job is begun by thousands of writes"],
  [["CatchUp", "WriteDocuments"], "states:StartExecution serverless-lance *", "the same"],
  [["CatchUp", "WriteDocuments"], "states:DescribeExecution serverless-lance *", "the same"],
  [
    ["CatchUp", "ListIndexes"],
    "s3:PutObject /registry/indexes/*.page",
    "pages are written of more indexes than there are here",
  ],
  [["ListIndexes"], "s3:PutObject /.conditional-writes", "before the first page, conditions are proven"],
  [
    ["CreateIndex"],
    "s3:GetObject /lance/*",
    "a table that an attempt before has left is looked at, not written over",
  ],
  [
    ["Discard", "Plan", "Publish"],
    "s3:DeleteObject /jobs/*/failure.json",
    "a job that is repeated after it failed, and succeeds, has not failed",
  ],
  [["Discard"], "s3:PutObject /registry/*", "a job that fails behind its plan lets go of its index"],
  [
    ["ListBuckets"],
    "s3:ListBucket ",
    "without it S3 says 403, not 404, of a key that is not there: its sender would be told of an error of ours",
  ],
  [["Load"], "s3:GetObject /registry/*", "a task that fails asks whether its job has published"],
  [
    ["Plan"],
    "states:DescribeExecution serverless-lance *",
    "another job that holds the index may have ended",
  ],
  [
    ["WriteDocuments"],
    "s3:DeleteObject /registry/receipts/*",
    "keys of requests are forgotten when they are older than a day",
  ],
];

/** Rights that calls of test/stack/function-rights.test.ts may do without, and why they are there. */
export const unusedRights = new Map<string, string>(
  reasons.flatMap(([functions, right, reason]) =>
    functions.map((name) => [`${name} ${right}`, reason] as const),
  ),
);
