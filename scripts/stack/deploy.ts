import { join } from "node:path";
import { buildService, deployService } from "../deploy/service.ts";
import { childEnvironment } from "./child-environment.ts";
import { cacheFolder, project, runFolders } from "./folders.ts";
import { withLock } from "./lock.ts";
import { runCommand } from "./run-command.ts";
import { type Endpoints, stackEnvironment } from "./stack-environment.ts";

const layerTimeoutMs = 180_000;
const deployTimeoutMs = 300_000;
const progress = { SLS_AWS_MONITORING_FREQUENCY: "500" }; // ms; CloudFormation's is otherwise asked for every 5 s

/** Assembles the layer, which LocalStack's functions find under LAMBDA_LAYER; all stacks have the same. */
export async function buildLayer(run: string): Promise<void> {
  const command = {
    command: process.execPath,
    args: ["scripts/layer.ts"],
    cwd: project,
    log: join(runFolders(run).logs, "layer.log"),
    environment: childEnvironment(run),
  };
  const lock = join(cacheFolder, "layer.lock");
  await withLock(lock, layerTimeoutMs, () => runCommand(command, layerTimeoutMs));
}

/** Bundles the functions and deploys them and the state machines to LocalStack, as they go to AWS. */
export async function deploy(run: string, endpoints: Endpoints): Promise<void> {
  const { service, logs } = runFolders(run);
  await buildService(service);
  await deployService({
    stage: "local",
    service,
    log: join(logs, "deploy.log"),
    timeoutMs: deployTimeoutMs,
    environment: { ...childEnvironment(run), ...stackEnvironment(endpoints), ...progress },
  });
}
