import { join } from "node:path";
import { childEnvironment } from "./child-environment.ts";
import { runFolders } from "./folders.ts";
import { startGroup } from "./process-group.ts";
import type { ProcessIdentity } from "./process-identity.ts";
import { minioCredentials } from "./stack-environment.ts";

export const minioHealth = "/minio/health/ready";

/** Starts MinIO on 127.0.0.1, with the data there is in the run folder. */
export async function startMinio(binary: string, run: string, port: number): Promise<ProcessIdentity> {
  const { minio, home, logs } = runFolders(run);
  const address = `127.0.0.1:${port}`;
  return startGroup({
    command: binary,
    args: ["server", "--address", address, "--certs-dir", join(home, "certs"), minio],
    cwd: run,
    log: join(logs, "minio.log"),
    environment: {
      ...childEnvironment(run),
      MINIO_ROOT_USER: minioCredentials.accessKeyId,
      MINIO_ROOT_PASSWORD: minioCredentials.secretAccessKey,
      MINIO_UPDATE: "off", // nothing calls home
      MINIO_BROWSER: "off",
    },
  });
}
