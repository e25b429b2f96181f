import { join } from "node:path";
import { childEnvironment } from "./child-environment.ts";
import { project, runFolders } from "./folders.ts";
import { choosePorts } from "./ports.ts";
import { startGroup } from "./process-group.ts";
import type { ProcessIdentity } from "./process-identity.ts";
import { endpointsOf, stackEnvironment } from "./stack-environment.ts";
import type { StackState } from "./stack-state.ts";

export const httpHealth = "/health";

/** Serves the HTTP functions by serverless-offline: what API Gateway does is not in LocalStack without an account. */
export async function startHttp(run: string, state: StackState): Promise<ProcessIdentity> {
  const [lambdaPort, albPort] = await choosePorts([0, 0]);
  return startGroup({
    command: process.execPath,
    args: [join(project, "node_modules/.bin/serverless"), "offline", "start"],
    cwd: project,
    log: join(runFolders(run).logs, "http.log"),
    environment: {
      ...childEnvironment(run),
      ...stackEnvironment(endpointsOf(state)),
      PORT: String(state.ports.http),
      LAMBDA_PORT: String(lambdaPort),
      ALB_PORT: String(albPort),
      SLS_LOG_LEVEL: "warning", // its notices hold the paths of requests, and so ids
      CONTAINER_MEMORY_MB: "4096", // one process serves all functions, whichever is called first
    },
  });
}
