import { mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { project, runFolders } from "./folders.ts";

/**
 * What a part of the stack inherits. Neither the caller's account on AWS, a data folder or a profile of theirs, nor
 * what only concerns the caller's own process (a test's, npm's, Python's).
 */
const withheld =
  /^(AWS_|MINIO_|LAMBDA_|LAKEHOUSE_|STATE_MACHINE|DATA_ROOT|WORKFLOW|XDG_|PYTHON|VITEST|NODE_ENV|NODE_OPTIONS|TEST$|DEV$|PROD$|MODE$|npm_|SLS_|.*_proxy$|.*_PROXY$)/;

/** The environment of a process of the stack: it writes to the run folder and nowhere else. */
export function childEnvironment(run: string): Record<string, string> {
  const { home, tmp } = runFolders(run);
  for (const folder of [home, tmp]) mkdirSync(folder, { recursive: true });
  const inherited = Object.entries(process.env).filter(([name]) => !withheld.test(name));
  return {
    ...(Object.fromEntries(inherited) as Record<string, string>),
    HOME: home,
    XDG_CACHE_HOME: join(home, ".cache"),
    XDG_CONFIG_HOME: join(home, ".config"),
    TMPDIR: tmp,
    npm_config_cache: join(home, ".npm"),
    npm_config_update_notifier: "false",
    PATH: `${join(project, "node_modules/.bin")}${delimiter}${process.env["PATH"] ?? ""}`,
  };
}
