import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { withPackagedTemplate } from "./bundle/package-stage.ts";
import { acceptedByCheckov, acceptedByLint, acceptedByNag } from "./cloudformation/accepted-findings.ts";
import { nagReport } from "./cloudformation/cdk-nag.ts";
import {
  checkovFindings,
  type Finding,
  lintFindings,
  nagFindings,
  wrongWith,
} from "./cloudformation/findings.ts";
import { buildOnce } from "./stack/build-once.ts";
import { localstackBuild } from "./stack/provision-localstack.ts";
import { pythonEnvironment } from "./stack/python-environment.ts";

/** Any name that is neither `dev` nor `local` is a stage on AWS. */
const stages = ["prod", "local"];

interface Checker {
  name: string;
  python: string;
  args(template: string): string[];
  findings(stdout: string): Finding[];
  accepted: Record<string, string>;
}

/** cfn-lint is a Python package, among LocalStack's. Scripts of packages name the folder that these were built in. */
const lint: Checker = {
  name: "cfn-lint",
  python: join(await buildOnce(localstackBuild), localstackBuild.proof),
  args: (template) => [
    ...["-c", "import sys; from cfnlint.runner import main; sys.exit(main())"],
    ...["--template", template, "--regions", "us-east-1", "--format", "json"],
  ],
  findings: lintFindings,
  accepted: acceptedByLint,
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
    ...["--skip-download", "--output", "json"],
  ],
  findings: checkovFindings,
  accepted: acceptedByCheckov,
};

for (const stage of stages) {
  const started = performance.now();
  await withPackagedTemplate(stage, async (file) => {
    await check(lint, stage, file);
    if (stage === "local") return;
    await check(checkov, stage, file);
    refuse(stage, "cdk-nag", wrongWith(nagFindings(await nagReport(file)), acceptedByNag));
  });
  console.log(`${stage}: no complaints, ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

/** @throws with what it complains about, and with what is accepted and was not found */
async function check({ name, python, args, findings, accepted }: Checker, stage: string, file: string) {
  const found = findings(await outputOf(python, args(file)));
  refuse(stage, name, wrongWith(found, accepted));
}

function refuse(stage: string, name: string, wrong: string[]): void {
  if (wrong.length > 0) throw new Error(`${stage}: ${name} complains\n${wrong.join("\n")}`);
}

/** Both exit with another code than 0 where they find something. */
async function outputOf(python: string, args: string[]): Promise<string> {
  try {
    return (await promisify(execFile)(python, args, { maxBuffer: 64 * 1_048_576 })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    if (stdout) return stdout;
    throw new Error(stderr || (error as Error).message, { cause: error });
  }
}
