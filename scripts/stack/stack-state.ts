import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { runFolders } from "./folders.ts";
import { processIdentity } from "./process-identity.ts";

const port = z.number().int().min(1).max(65_535);

const stackState = z.strictObject({
  way: z.enum(["docker", "processes"]),
  ports: z.strictObject({ minio: port, localstack: port, http: port }),
  processes: z.strictObject({
    minio: processIdentity.optional(),
    localstack: processIdentity.optional(),
    http: processIdentity.optional(),
  }),
  /** The LocalStack that has the functions; it forgets them when it ends. */
  deployedTo: z.string().optional(),
});

/** What runs, kept in the run folder for whoever ends it. */
export type StackState = z.infer<typeof stackState>;

/** @returns undefined when there is none. @throws when the file holds something else */
export function readState(run: string): StackState | undefined {
  const { state: file } = runFolders(run);
  if (!existsSync(file)) return undefined;
  try {
    return stackState.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new Error(`${file} is not a stack's state; look at what it names, end it, and remove the file`, {
      cause: error,
    });
  }
}

/** Written as a whole: a crash leaves the state before or after. */
export function writeState(run: string, state: StackState): void {
  const { state: file } = runFolders(run);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify(state, null, 2));
  renameSync(`${file}.new`, file);
}

export function removeState(run: string): void {
  rmSync(runFolders(run).state, { force: true });
}
