import { join, resolve } from "node:path";

export const project = resolve(import.meta.dirname, "../..");

/** What is built once and used by every stack; `STACK_CACHE` puts it elsewhere. */
export const cacheFolder = resolve(process.env["STACK_CACHE"] ?? join(project, ".cache/stack"));

/** The stack of `npm run stack`. */
export const developmentRun = join(cacheFolder, "run");

/** Where the parts of one stack keep their files: everything they write lies in its run folder. */
export function runFolders(run: string) {
  return {
    state: join(run, "stack.json"),
    lock: join(run, "lock"),
    logs: join(run, "logs"),
    minio: join(run, "minio"),
    localstack: join(run, "localstack"),
    home: join(run, "home"),
    tmp: join(run, "tmp"),
    service: join(run, "service"),
  };
}
