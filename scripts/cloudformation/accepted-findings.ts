/** What cfn-lint finds and why it stays. */
export const acceptedByLint: Record<string, string> = {
  W3005: "Serverless writes DependsOn for every role, although the function refers to it",
};

/** What checkov finds and why it stays. */
export const acceptedByCheckov: Record<string, string> = {
  CKV_AWS_18:
    "the one bucket here holds what is deployed, and only who deploys reads it; buckets of data are not made here",
  CKV_AWS_21: "each artifact of that bucket has a name of its own, by its time: none is overwritten",
  CKV_AWS_26:
    "CloudWatch may not publish to a topic that is encrypted by SNS's own key, and alarms hold no data",
  CKV_AWS_27:
    "the queue is encrypted by SQS's own key (SqsManagedSseEnabled), which the rule does not look at",
  CKV_AWS_95:
    "the access log is a parameter (accessLog), as it has its price: functions write a line a request themselves",
  CKV_AWS_115:
    "an account starts with ten executions, of which none can be reserved; searchConcurrency and others are parameters",
  CKV_AWS_116:
    "functions are called by who waits for their answer; catchUp does an hour later what it did not do, and failed executions have a queue",
  CKV_AWS_117:
    "a network of one's own is a parameter (vpcSubnets): functions reach S3 and Step Functions alone",
  CKV_AWS_158: "a key of one's own for logs is a parameter (logKey); without it CloudWatch's encrypts them",
  CKV_AWS_173: "no variable is a secret: they are names of files, machines and indexes",
};

/** What cdk-nag finds, by its packs AwsSolutions and Serverless, and why it stays. */
export const acceptedByNag: Record<string, string> = {
  "AwsSolutions-APIG1":
    "the access log is a parameter (accessLog), as it has its price: functions write a line a request themselves",
  "AwsSolutions-APIG4":
    "with keys the functions ask who it is, of each route but two, which a test holds; with iam and jwt API Gateway does",
  "AwsSolutions-IAM5":
    "wildcards are the rest of a key below lance/, registry/ or jobs/, of a log group or of an execution's name; what each role needs of them is recorded and held by a test",
  "AwsSolutions-S1":
    "the one bucket here holds what is deployed, and only who deploys reads it; buckets of data are not made here",
  "AwsSolutions-SF1":
    "machines log errors: each task writes a line itself, and an execution's history is kept by Step Functions for 90 days",
  "AwsSolutions-SF2": "tracing is a parameter (tracing), as it has its price",
  "AwsSolutions-SQS3":
    "the queue is where failed executions go; nothing takes from it but who looks after them",
  "Serverless-APIGWAccessLogging": "the same as AwsSolutions-APIG1",
  "Serverless-APIGWDefaultThrottling":
    "throttling is a parameter (throttleRate); without it the account's holds, and keys have rates of their own",
  "Serverless-EventBusDLQ":
    "EventBridge tries for a day; catchUp is asked again the next hour, and a job that failed says so itself",
  "Serverless-LambdaDLQ":
    "functions are called by who waits for their answer; catchUp does an hour later what it did not do",
  "Serverless-LambdaStarPermissions": "the same as AwsSolutions-IAM5",
  "Serverless-LambdaTracing": "the same as AwsSolutions-SF2",
  "Serverless-SQSRedrivePolicy": "the same as AwsSolutions-SQS3",
  "Serverless-StepFunctionStateMachineXray": "the same as AwsSolutions-SF2",
};
