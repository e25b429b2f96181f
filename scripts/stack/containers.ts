import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { project, runFolders } from "./folders.ts";
import { minioVersion } from "./provision-minio.ts";
import { runCommand } from "./run-command.ts";
import { minioCredentials } from "./stack-environment.ts";
import type { StackState } from "./stack-state.ts";

const composeTimeoutMs = 15 * 60_000; // the first one pulls and builds the images

/** Calls `docker compose` for the stack of a run folder. */
export async function compose(
  run: string,
  { ports }: Pick<StackState, "ports">,
  args: string[],
): Promise<void> {
  const { minio, logs } = runFolders(run);
  for (const folder of [minio, logs]) mkdirSync(folder, { recursive: true });
  const name = `serverless-lance-${createHash("sha256").update(run).digest("hex").slice(0, 8)}`;
  await runCommand(
    {
      command: "docker",
      args: ["compose", "--project-name", name, "--file", join(project, "localstack/compose.yaml"), ...args],
      cwd: project,
      log: join(logs, "compose.log"),
      environment: {
        ...process.env,
        STACK_MINIO_PORT: String(ports.minio),
        STACK_LOCALSTACK_PORT: String(ports.localstack),
        STACK_USER: `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`,
        STACK_MINIO_DATA: minio,
        STACK_LOGS: logs,
        MINIO_VERSION: minioVersion,
        MINIO_ACCESS_KEY_ID: minioCredentials.accessKeyId,
        MINIO_SECRET_ACCESS_KEY: minioCredentials.secretAccessKey,
      },
    },
    composeTimeoutMs,
  );
}
