import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { childEnvironment } from "./child-environment.ts";
import { project, runFolders } from "./folders.ts";
import { startGroup } from "./process-group.ts";
import type { ProcessIdentity } from "./process-identity.ts";
import type { Localstack } from "./provision-localstack.ts";

export const localstackHealth = "/_localstack/health";

/** Starts LocalStack on 127.0.0.1; its state is in memory and lost when it ends. */
export async function startLocalstack(
  { python, plugin }: Localstack,
  run: string,
  port: number,
): Promise<ProcessIdentity> {
  const { localstack, logs, tmp } = runFolders(run);
  for (const folder of [localstack, tmp]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(tmp, "package.json"), "{}"); // functions lie below it: the project's own is none of theirs
  const switches = parseEnv(readFileSync(join(project, "localstack/localstack.env"), "utf8"));
  return startGroup({
    command: python,
    args: ["-m", "localstack.runtime.main"],
    cwd: run,
    log: join(logs, "localstack.log"),
    environment: {
      ...childEnvironment(run),
      ...switches,
      GATEWAY_LISTEN: `127.0.0.1:${port}`,
      FILESYSTEM_ROOT: localstack, // else the functions' code would go to /tmp
      PYTHONPATH: plugin,
      LAMBDA_NODE: process.execPath,
      LAMBDA_LAYER: layerFor(run),
      LAMBDA_LOGS: join(logs, "functions"),
    },
  });
}

/** The layer's native file is for linux-x64; elsewhere the project's own modules stand for it. */
function layerFor(run: string): string {
  if (process.platform === "linux" && process.arch === "x64") return join(project, "dist/layer");
  const folder = join(run, "layer");
  mkdirSync(join(folder, "nodejs"), { recursive: true });
  const modules = join(folder, "nodejs/node_modules");
  if (!existsSync(modules)) symlinkSync(join(project, "node_modules"), modules);
  return folder;
}
