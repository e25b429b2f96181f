import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { withPackagedTemplate } from "./bundle/package-stage.ts";
import { buildOnce } from "./stack/build-once.ts";
import { localstackBuild } from "./stack/provision-localstack.ts";

/** Any name that is neither `dev` nor `local` is a stage on AWS. */
const stages = ["prod", "local"];
const ignored = {
  W3005: "Serverless writes DependsOn for every role, although the function refers to it",
};

/** cfn-lint is a Python package, among LocalStack's. Its own script names the folder the packages were built in. */
const python = join(await buildOnce(localstackBuild), "bin/python");
const lint = ["-c", "import sys; from cfnlint.runner import main; sys.exit(main())"];

for (const stage of stages) {
  const started = performance.now();
  await withPackagedTemplate(stage, async (file) => check(stage, file));
  console.log(`${stage}: no complaints, ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

/** @throws with what cfn-lint complains about */
async function check(stage: string, file: string): Promise<void> {
  const args = ["--template", file, "--regions", "us-east-1", "--ignore-checks", ...Object.keys(ignored)];
  try {
    await promisify(execFile)(python, [...lint, ...args]);
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${stage}: cfn-lint complains\n${stdout || stderr || (error as Error).message}`, {
      cause: error,
    });
  }
}
