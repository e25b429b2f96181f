import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { type Build, buildOnce } from "./build-once.ts";
import { cacheFolder } from "./folders.ts";
import { runCommand } from "./run-command.ts";

/** The last state of the public sources: MinIO no longer publishes binaries. */
export const minioVersion = "v0.0.0-20260212201848-7aac2a2c5b7c";
const buildTimeoutMs = 15 * 60_000;

export const minioBuild: Build = { name: "minio", pins: [minioVersion], proof: "minio", build };

/** MinIO's binary, built by Go on first use (three minutes, 2.2 GB of caches that are removed again). */
export async function provisionMinio(): Promise<string> {
  return join(await buildOnce(minioBuild), minioBuild.proof);
}

async function build(folder: string): Promise<void> {
  const go = join(folder, "go");
  mkdirSync(join(go, "tmp"), { recursive: true });
  await runCommand(
    {
      command: "go",
      args: ["install", "-trimpath", "-ldflags", "-s -w", `github.com/minio/minio@${minioVersion}`],
      environment: goEnvironment(go),
      cwd: folder,
      log: join(cacheFolder, "logs/build-minio.log"),
    },
    buildTimeoutMs,
  );
  renameSync(join(go, "bin/minio"), join(folder, minioBuild.proof));
  rmSync(go, { recursive: true, force: true });
}

/** Go's caches, its settings and its telemetry go below the folder; what the user has set for Go still holds. */
function goEnvironment(go: string): NodeJS.ProcessEnv {
  const config = process.env["XDG_CONFIG_HOME"] ?? join(homedir(), ".config");
  const settings = [process.env["GOENV"], join(config, "go/env")].find((file) => file && existsSync(file));
  return {
    ...process.env,
    ...(settings ? { GOENV: settings } : {}),
    HOME: join(go, "home"),
    XDG_CONFIG_HOME: join(go, "home/.config"),
    GOPATH: join(go, "path"),
    GOCACHE: join(go, "cache"),
    GOBIN: join(go, "bin"),
    GOTMPDIR: join(go, "tmp"),
    TMPDIR: join(go, "tmp"),
    GOFLAGS: "-modcacherw", // else the modules could not be removed
    CGO_ENABLED: "0",
  };
}
