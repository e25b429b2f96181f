import { isBuilt } from "./build-once.ts";
import { findPython, hasDocker, hasGo } from "./find-tools.ts";
import { localstackBuild } from "./provision-localstack.ts";
import { minioBuild } from "./provision-minio.ts";
import { StackUnavailable } from "./stack-unavailable.ts";

/** How a stack runs on this machine: as containers, or as processes of it. */
export type Way = "docker" | "processes";

export interface Tools {
  docker: boolean;
  go: boolean;
  python: boolean;
}

const remedies = {
  go: "Go (https://go.dev/dl), which builds MinIO",
  python:
    "Python 3.13 with venv (https://www.python.org/downloads, or pyenv install 3.13; PYTHON313 names its binary)",
};

/** What this machine has; a tool counts as there when what it builds is there already. */
export async function findTools(): Promise<Tools> {
  const [docker, go, python] = await Promise.all([
    hasDocker(),
    isBuilt(minioBuild) || hasGo(),
    isBuilt(localstackBuild) || findPython(),
  ]);
  return { docker, go, python: Boolean(python) };
}

/**
 * @param processes as processes even where a Docker engine answers, for who wants to end them one by one
 * @throws StackUnavailable naming exactly what to install
 */
export function chooseWay({ docker, ...tools }: Tools, processes = false): Way {
  if (docker && !processes) return "docker";
  const missing = (["go", "python"] as const).filter((tool) => !tools[tool]);
  if (missing.length === 0) return "processes";
  const list = missing.map((tool) => `\n  ${remedies[tool]}`).join("");
  throw new StackUnavailable(
    processes
      ? `As processes of this machine the stack needs:${list}`
      : `No Docker engine answers, and without one the stack needs:${list}\nInstall that, or start Docker (with docker compose).`,
  );
}
