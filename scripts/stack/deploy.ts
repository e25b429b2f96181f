import { join } from "node:path";
import { bundleFunctions } from "../bundle.ts";
import { childEnvironment } from "./child-environment.ts";
import { cacheFolder, project, runFolders } from "./folders.ts";
import { withLock } from "./lock.ts";
import { runCommand } from "./run-command.ts";
import { makeServiceFolder } from "./service-folder.ts";
import { type Endpoints, stackEnvironment } from "./stack-environment.ts";

const layerTimeoutMs = 180_000;
const deployTimeoutMs = 300_000;

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

/** Bundles the functions and deploys them and the state machines to LocalStack, as they would go to AWS. */
export async function deploy(run: string, endpoints: Endpoints): Promise<void> {
  const service = makeServiceFolder(run);
  await bundleFunctions(join(service, "dist/functions.zip"));
  const command = {
    command: process.execPath,
    args: [join(service, "node_modules/.bin/serverless"), "deploy", "--stage", "local"],
    cwd: service,
    log: join(runFolders(run).logs, "deploy.log"),
    environment: {
      ...childEnvironment(run),
      ...stackEnvironment(endpoints),
      SLS_AWS_MONITORING_FREQUENCY: "500", // ms; CloudFormation's progress is otherwise asked for every 5 s
    },
  };
  await runCommand(command, deployTimeoutMs);
}
