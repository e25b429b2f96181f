import type { StackState } from "./stack-state.ts";

/** MinIO's, of a server that only this machine reaches. */
export const minioCredentials = { accessKeyId: "lakehouse", secretAccessKey: "lakehouse-local" };

export interface Endpoints {
  minio: string;
  localstack: string;
  http: string;
}

export function endpointsOf({ ports }: Pick<StackState, "ports">): Endpoints {
  const at = (port: number) => `http://127.0.0.1:${port}`;
  return { minio: at(ports.minio), localstack: at(ports.localstack), http: at(ports.http) };
}

/** What a process of ours needs to use a stack: MinIO is the object store, LocalStack is AWS. */
export function stackEnvironment({ minio, localstack }: Endpoints): Record<string, string> {
  return {
    WORKFLOW: "stepfunctions",
    STATE_MACHINE_PREFIX: "arn:aws:states:us-east-1:000000000000:stateMachine:serverless-lance-local-",
    LAKEHOUSE_TOML: "localstack/lakehouse.toml",
    AWS_ENDPOINT: minio,
    MINIO_ACCESS_KEY_ID: minioCredentials.accessKeyId,
    MINIO_SECRET_ACCESS_KEY: minioCredentials.secretAccessKey,
    AWS_ENDPOINT_URL: localstack,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
  };
}
