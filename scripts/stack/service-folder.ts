import { copyFileSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { project, runFolders } from "./folders.ts";

const config = "serverless.yml";
const ownFiles = new Set(["dist", "data", config]);

/**
 * The project as a stack deploys it: all of it by links, and a `dist` and `.serverless` of its own, so that stacks, and
 * whoever packages the project meanwhile, do not write to the same files.
 */
export function makeServiceFolder(run: string): string {
  const { service } = runFolders(run);
  rmSync(service, { recursive: true, force: true });
  mkdirSync(join(service, "dist"), { recursive: true });
  const names = readdirSync(project).filter((name) => !name.startsWith(".") && !ownFiles.has(name));
  for (const name of names) symlinkSync(join(project, name), join(service, name));
  copyFileSync(join(project, config), join(service, config)); // Serverless takes no link for it
  return service;
}
