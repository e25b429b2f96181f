import { join } from "node:path";
import { bundleFunctions, type FunctionsArtifact } from "../bundle.ts";
import { runCommand } from "../stack/run-command.ts";
import { makeServiceFolder } from "./service-folder.ts";

export interface ServiceDeployment {
  stage: string;
  /** Made by `buildService`. */
  service: string;
  region?: string;
  params?: Record<string, string>;
  environment: NodeJS.ProcessEnv;
  log: string;
  timeoutMs: number;
}

/** Makes the folder that a stage is deployed from, with the functions' code. @param lakehouse a file that goes with it */
export async function buildService(service: string, lakehouse?: string): Promise<FunctionsArtifact> {
  makeServiceFolder(service);
  return bundleFunctions(join(service, "dist/functions.zip"), lakehouse);
}

/** Deploys functions and state machines, to AWS as to LocalStack. @throws with the last lines of the log */
export async function deployService(deployment: ServiceDeployment): Promise<void> {
  const { stage, service, region, params = {}, environment, log, timeoutMs } = deployment;
  const given = Object.entries(params).flatMap(([name, value]) => ["--param", `${name}=${value}`]);
  const args = ["deploy", "--stage", stage, ...(region ? ["--region", region] : []), ...given];
  const serverless = join(service, "node_modules/.bin/serverless");
  const command = { command: process.execPath, args: [serverless, ...args], cwd: service, log, environment };
  await runCommand(command, timeoutMs);
}
