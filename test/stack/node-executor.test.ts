import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  InvokeCommand,
  LambdaClient,
  LogType,
  waitUntilFunctionActiveV2,
} from "@aws-sdk/client-lambda";
import { strToU8, zipSync } from "fflate";
import { afterAll, beforeAll, expect, test } from "vitest";
import { identityOf, isRunning } from "../../scripts/stack/process-identity.ts";
import { waitUntil } from "../../scripts/stack/wait-until.ts";
import { theStack } from "../support/stack.ts";

const code = `
  const codeOf = (load) => { try { load(); } catch (error) { return error.code; } };
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  let calls = 0;
  class TooMany extends Error { name = "TooMany"; }
  exports.handler = async (event, context) => {
    calls += 1;
    console.log("call", calls, "of", context.awsRequestId);
    if (event.fail) throw new TooMany("seven");
    if (event.exit) process.exit(3);
    if (event.chatter) for (let i = 0; i < event.chatter; i++) console.log(String(i).padEnd(1000, "."));
    await sleep(event.ms ?? 0);
    if (event.modules) return {
      session: typeof require("@lancedb/lancedb-linux-x64-gnu").Session,
      path: Object.keys(require.cache).find((path) => path.includes("lancedb")),
      required: codeOf(() => require("vitest")),
      imported: await import("vitest").catch((error) => error.code),
    };
    return {
      pid: process.pid, calls, event,
      region: process.env.AWS_REGION, endpoint: process.env.AWS_ENDPOINT_URL, own: process.env.OWN,
      left: context.getRemainingTimeInMillis(),
    };
  };`;

const name = `executor-test-${process.pid}`;
let lambda: LambdaClient;

beforeAll(async () => {
  const { localstack } = theStack().endpoints;
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  lambda = new LambdaClient({ endpoint: localstack, region: "us-east-1", credentials, maxAttempts: 1 });
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: name,
      Runtime: "nodejs24.x",
      Role: "arn:aws:iam::000000000000:role/test",
      Handler: "index.handler",
      Timeout: 4,
      Environment: { Variables: { AWS_ENDPOINT_URL: "http://its.own", OWN: "set" } },
      Code: { ZipFile: zipSync({ "index.js": strToU8(code) }) },
    }),
  );
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 30 }, { FunctionName: name });
});

afterAll(async () => {
  await lambda.send(new DeleteFunctionCommand({ FunctionName: name }));
  lambda.destroy();
});

async function invoke(event: Record<string, unknown>) {
  const command = new InvokeCommand({
    FunctionName: name,
    Payload: JSON.stringify(event),
    LogType: LogType.Tail,
  });
  const { FunctionError, Payload, LogResult } = await lambda.send(command);
  const log = Buffer.from(LogResult ?? "", "base64").toString();
  return {
    failed: FunctionError !== undefined,
    answer: JSON.parse(Buffer.from(Payload ?? []).toString()),
    log,
  };
}

test("a function gets its event, its time, and its own variables before LocalStack's", async () => {
  const { answer, failed } = await invoke({ some: "event é " });
  expect(failed).toBe(false);
  expect(answer).toMatchObject({ event: { some: "event é " }, region: "us-east-1", own: "set" });
  expect(answer.endpoint).toBe("http://its.own");
  expect(answer.left).toBeLessThanOrEqual(4_000);
});

test("a function has the layer's modules, and none of the project's", async () => {
  const { answer } = await invoke({ modules: true });
  expect(answer.session).toBe("function");
  expect(answer.path).toContain("/dist/layer/nodejs/node_modules/@lancedb/lancedb-linux-x64-gnu/");
  expect(answer).toMatchObject({ required: "MODULE_NOT_FOUND", imported: "ERR_MODULE_NOT_FOUND" });
});

test("one process serves one invocation after another", async () => {
  const first = await invoke({});
  const second = await invoke({});
  expect(second.answer.pid).toBe(first.answer.pid);
  expect(second.answer.calls).toBe(first.answer.calls + 1);
});

test("invocations at the same time have processes of their own", async () => {
  const answers = await Promise.all([1, 2, 3, 4].map(() => invoke({ ms: 1_000 })));
  expect(new Set(answers.map(({ answer }) => answer.pid)).size).toBe(4);
});

test("an error has its name, and does not end the process", async () => {
  const { pid } = (await invoke({})).answer;
  const { failed, answer, log } = await invoke({ fail: true });
  expect(failed).toBe(true);
  expect(answer).toMatchObject({ errorType: "TooMany", errorMessage: "seven" });
  expect(log).toContain("TooMany: seven");
  expect((await invoke({})).answer.pid).toBe(pid);
});

test("a process that is killed from outside gives Runtime.ExitError, and the next invocation a fresh one", async () => {
  const { pid } = (await invoke({})).answer;
  const running = invoke({ ms: 3_000 });
  expect(theStack().functionPids(name)).toContain(pid);
  setTimeout(() => process.kill(pid, "SIGKILL"), 500);
  const { failed, answer } = await running;
  expect(failed).toBe(true);
  expect(answer.errorType).toBe("Runtime.ExitError");
  expect(answer.errorMessage).toMatch(/^RequestId: \S+ Error: Runtime exited with error: signal: killed$/);
  const next = await invoke({});
  expect(next.failed).toBe(false);
  expect(next.answer).toMatchObject({ calls: 1 });
});

test("one that ends between invocations is replaced without an error", async () => {
  for (const pid of theStack().functionPids(name)) process.kill(pid, "SIGKILL");
  await waitUntil(() => (theStack().functionPids(name).length === 0 ? true : undefined), 5_000);
  expect((await invoke({})).failed).toBe(false);
});

test("one that exits by itself says with which status", async () => {
  expect((await invoke({ exit: true })).answer.errorMessage).toMatch(/exit status 3$/);
});

test("one that takes longer than its timeout is killed", async () => {
  const { pid } = (await invoke({})).answer;
  const identity = identityOf(pid);
  const { answer, failed } = await invoke({ ms: 10_000 });
  expect(failed).toBe(true);
  expect(answer).toMatchObject({ errorType: "Sandbox.Timedout" });
  expect(answer.errorMessage).toMatch(/Task timed out after 4\.00 seconds/);
  expect(await waitUntil(() => (identity && isRunning(identity) ? undefined : true), 5_000)).toBe(true);
  expect((await invoke({})).answer.calls).toBe(1);
});

test("a function that prints more than a pipe holds goes on, and its log has all of it", async () => {
  expect((await invoke({ chatter: 3_000 })).failed).toBe(false);
  const lines = readFileSync(join(theStack().logs, "functions", `${name}.log`), "utf8").split("\n");
  expect(lines.filter((line) => /^\d+\.+$/.test(line))).toHaveLength(3_000);
});
