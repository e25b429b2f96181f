import { fork } from "node:child_process";
import { resolve as resolvePath } from "node:path";

/**
 * Runs a script of this folder, or of an absolute path, in a process of its own, so that its memory and its cold start
 * are its own. Its log goes nowhere, but is written as in production.
 * @param begin what a script waits for that says when it is ready
 * @throws when it ends without an answer
 */
export function runChild<T>(
  script: string,
  input: unknown,
  environment: Record<string, string>,
  begin: () => Promise<void> = async () => undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const child = fork(resolvePath(import.meta.dirname, script), [JSON.stringify(input)], {
      env: { ...process.env, ...environment },
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    let answer: { value: T } | undefined;
    child.on("message", (message) => {
      if (message === ready) void begin().then(() => child.send(ready));
      else answer = message as { value: T };
    });
    child.on("error", reject);
    child.on("exit", (code) =>
      answer ? resolve(answer.value) : reject(new Error(`${script}: exit ${code}`)),
    );
  });
}

const ready = "ready";

/** Says that the work can begin. @returns when the parent lets it */
export async function toldToBegin(): Promise<void> {
  const told = new Promise((resolve) => process.once("message", resolve));
  process.send?.(ready);
  await told;
}

/**
 * The other end: what the parent gave, and the answer to it. It ends at once and cleans nothing up: Node 24 may wait
 * without end in `process.exit` for a thread that is compiling and waits for the garbage collector.
 */
export async function answerParent<I>(work: (input: I) => Promise<unknown>): Promise<void> {
  const value = await work(JSON.parse(process.argv[2] ?? "{}") as I);
  process.send?.({ value }, () => process.kill(process.pid, "SIGKILL"));
}
