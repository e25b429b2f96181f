import type { Ports } from "./start-stack.ts";

/** Those of `npm run stack`, which its variables change. */
export function usualPorts(environment: NodeJS.ProcessEnv = process.env): Ports {
  return {
    minio: Number(environment["STACK_MINIO_PORT"] ?? 9000),
    localstack: Number(environment["STACK_LOCALSTACK_PORT"] ?? 4566),
    http: Number(environment["PORT"] ?? 3000),
  };
}
