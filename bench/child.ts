import { fork } from "node:child_process";
import { resolve as resolvePath } from "node:path";

/**
 * Runs a script of this folder, or of an absolute path, in a process of its own, so that its memory and its cold start
 * are its own. Its log goes nowhere, but is written as in production.
 * @throws when it ends without an answer
 */
export function runChild<T>(script: string, input: unknown, environment: Record<string, string>): Promise<T> {
  return new Promise((resolve, reject) => {
    const child = fork(resolvePath(import.meta.dirname, script), [JSON.stringify(input)], {
      env: { ...process.env, ...environment },
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    let answer: { value: T } | undefined;
    child.on("message", (message) => {
      answer = message as { value: T };
    });
    child.on("error", reject);
    child.on("exit", (code) =>
      answer ? resolve(answer.value) : reject(new Error(`${script}: exit ${code}`)),
    );
  });
}

/**
 * The other end: what the parent gave, and the answer to it. It ends at once and cleans nothing up: Node 24 may wait
 * without end in `process.exit` for a thread that is compiling and waits for the garbage collector.
 */
export async function answerParent<I>(work: (input: I) => Promise<unknown>): Promise<void> {
  const value = await work(JSON.parse(process.argv[2] ?? "{}") as I);
  process.send?.({ value }, () => process.kill(process.pid, "SIGKILL"));
}
