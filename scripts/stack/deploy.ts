import { join } from "node:path";
import { childEnvironment } from "./child-environment.ts";
import { cacheFolder, project, runFolders } from "./folders.ts";
import { withLock } from "./lock.ts";
import { runCommand } from "./run-command.ts";
import { type Endpoints, stackEnvironment } from "./stack-environment.ts";

const buildTimeoutMs = 180_000;
const deployTimeoutMs = 300_000;

/** `dist` and `.serverless` are the project's: one stack at a time writes there. */
const lock = join(cacheFolder, "deploy.lock");

/** Assembles the layer, which LocalStack's functions find under LAMBDA_LAYER. */
export async function buildLayer(run: string): Promise<void> {
  await withLock(join(cacheFolder, "layer.lock"), buildTimeoutMs, () =>
    node(run, "layer", ["scripts/layer.ts"]),
  );
}

/** Bundles the functions and deploys them and the state machines to LocalStack, as they would go to AWS. */
export async function deploy(run: string, endpoints: Endpoints): Promise<void> {
  await withLock(lock, deployTimeoutMs, async () => {
    await node(run, "bundle", ["scripts/bundle.ts"]);
    const serverless = join(project, "node_modules/.bin/serverless");
    await node(run, "deploy", [serverless, "deploy", "--stage", "local"], stackEnvironment(endpoints));
  });
}

async function node(
  run: string,
  name: string,
  args: string[],
  more: Record<string, string> = {},
): Promise<void> {
  await runCommand(
    {
      command: process.execPath,
      args,
      cwd: project,
      log: join(runFolders(run).logs, `${name}.log`),
      environment: { ...childEnvironment(run), ...more },
    },
    name === "deploy" ? deployTimeoutMs : buildTimeoutMs,
  );
}
