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
