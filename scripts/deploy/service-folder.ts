import { copyFileSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { project } from "../stack/folders.ts";

const config = "serverless.yml";
const ownFiles = new Set(["dist", "data", config]);

/**
 * The project as it is deployed: all of it by links, and a `dist` and `.serverless` of its own, so that deployments, and
 * whoever packages the project meanwhile, do not write to the same files.
 */
export function makeServiceFolder(service: string): void {
  rmSync(service, { recursive: true, force: true });
  mkdirSync(join(service, "dist"), { recursive: true });
  const names = readdirSync(project).filter((name) => !name.startsWith(".") && !ownFiles.has(name));
  for (const name of names) symlinkSync(join(project, name), join(service, name));
  copyFileSync(join(project, config), join(service, config)); // Serverless takes no link for it
}
