import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { promisify } from "node:util";
import { withLock } from "../stack/lock.ts";
import { zipFiles } from "./zip-files.ts";

const project = resolve(import.meta.dirname, "../..");
const timeoutMs = 120_000;

export interface Resource {
  Type: string;
  Properties: Record<string, unknown>;
}

export interface Template {
  Resources: Record<string, Resource>;
  Outputs: Record<string, unknown>;
}

/**
 * The CloudFormation template of a stage, as it would be deployed; needs no network and no credentials.
 * @param lakehouse a file of its own in place of the stage's
 */
export async function packagedTemplate(
  stage: string,
  params: Record<string, string> = {},
  lakehouse?: string,
): Promise<Template> {
  const parsed = async (file: string) => JSON.parse(await readFile(file, "utf8")) as Template;
  return withPackagedTemplate(stage, parsed, params, lakehouse);
}

/** The same as a file that is there while `work` runs. @throws with what Serverless says */
export async function withPackagedTemplate<T>(
  stage: string,
  work: (file: string) => Promise<T>,
  more: Record<string, string> = {},
  lakehouse?: string,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "package-"));
  try {
    const lanceLayerArn = "arn:aws:lambda:us-east-1:123456789012:layer:lance:1";
    const serverless = resolve(project, "node_modules/.bin/serverless");
    const artifact = join(folder, "code.zip"); // the template says where the code goes, not what it is
    await writeFile(artifact, zipFiles(new Map()));
    const given = Object.entries({ lanceLayerArn, artifact, ...more });
    const params = given.flatMap(([name, value]) => ["--param", `${name}=${value}`]);
    const args = [serverless, "package", "--stage", stage, ...params, "--package", join(folder, "package")];
    // Serverless empties a folder of the project as it begins
    await withLock(join(project, ".cache/package.lock"), timeoutMs, () =>
      run(process.execPath, args, lakehouse),
    );
    return await work(join(folder, "package/cloudformation-template-update-stack.json"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(command: string, args: string[], lakehouse?: string): Promise<void> {
  try {
    const env = { ...environment(), ...(lakehouse === undefined ? {} : { LAKEHOUSE_TOML: lakehouse }) };
    await promisify(execFile)(command, args, { cwd: project, env, timeout: timeoutMs });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`the service could not be packaged\n${stdout}${stderr}`, { cause: error });
  }
}

/** What is around has no say: neither somebody's AWS account nor the settings of a stack that runs. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(AWS|MINIO|SLS)_|^LAKEHOUSE_TOML$/.test(name),
  );
  const path = `${resolve(project, "node_modules/.bin")}${delimiter}${process.env["PATH"] ?? ""}`;
  return { ...Object.fromEntries(kept), PATH: path, AWS_EC2_METADATA_DISABLED: "true" };
}
