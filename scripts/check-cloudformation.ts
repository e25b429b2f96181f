import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { withPackagedTemplate } from "./bundle/package-stage.ts";
import { acceptedByCheckov, acceptedByLint } from "./cloudformation/accepted-findings.ts";
import { buildOnce } from "./stack/build-once.ts";
import { localstackBuild } from "./stack/provision-localstack.ts";
import { pythonEnvironment } from "./stack/python-environment.ts";

/** Any name that is neither `dev` nor `local` is a stage on AWS. */
const stages = ["prod", "local"];

interface Checker {
  name: string;
  python: string;
  args(template: string): string[];
}

/** cfn-lint is a Python package, among LocalStack's. Scripts of packages name the folder that these were built in. */
const lint: Checker = {
  name: "cfn-lint",
  python: join(await buildOnce(localstackBuild), localstackBuild.proof),
  args: (template) => [
    ...["-c", "import sys; from cfnlint.runner import main; sys.exit(main())"],
    ...["--template", template, "--regions", "us-east-1", "--ignore-checks", ...Object.keys(acceptedByLint)],
  ],
};

const checkovBuild = pythonEnvironment(
  "checkov",
  join(import.meta.dirname, "cloudformation/requirements.txt"),
);
const checkov: Checker = {
  name: "checkov",
  python: join(await buildOnce(checkovBuild), checkovBuild.proof),
  args: (template) => [
    ...["-m", "checkov.main", "--file", template, "--framework", "cloudformation", "--compact", "--quiet"],
    ...["--skip-download", "--skip-check", Object.keys(acceptedByCheckov).join()],
  ],
};

for (const stage of stages) {
  const started = performance.now();
  await withPackagedTemplate(stage, async (file) => {
    await check(lint, stage, file);
    if (stage !== "local") await check(checkov, stage, file);
  });
  console.log(`${stage}: no complaints, ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

/** @throws with what it complains about */
async function check({ name, python, args }: Checker, stage: string, file: string): Promise<void> {
  try {
    await promisify(execFile)(python, args(file));
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${stage}: ${name} complains\n${stdout || stderr || (error as Error).message}`, {
      cause: error,
    });
  }
}
