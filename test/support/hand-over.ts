import { setTimeout as sleep } from "node:timers/promises";
import {
  GetFunctionConfigurationCommand,
  LambdaClient,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import type { HistoryEvent } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BulkJobs } from "./bulk-job.ts";
import { theStack } from "./stack.ts";

const FunctionName = "serverless-lance-local-load";

async function setTimeLimit(seconds: number): Promise<void> {
  const lambda = new LambdaClient({
    endpoint: theStack().endpoints.localstack,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout: seconds }));
  const current = () => lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
  for (let looks = 0; (await current()).LastUpdateStatus !== "Successful"; looks++) {
    if (looks === 300) throw new Error(`${FunctionName} did not take its timeout in 30 s`);
    await sleep(100);
  }
}

const entered = (events: HistoryEvent[], state: string) =>
  events.filter(({ stateEnteredEventDetails: details }) => details?.name === state).length;

/** A load that takes many times as long as its workers may run. */
export function describeHandOver(given: {
  limitSeconds: number;
  rows: number;
  files: number;
  leastCalls: number;
}) {
  const { limitSeconds, rows, files, leastCalls } = given;
  const bulk = new BulkJobs("hand-over");

  beforeAll(async () => {
    await bulk.upload({ rows, files, dimension: 32 });
    await setTimeLimit(limitSeconds);
  }, 300_000);

  afterAll(async () => {
    await setTimeLimit(900);
    await bulk.remove();
  });

  test(`workers of ${limitSeconds} s pass on what is left, and none is cut off`, async ({ task }) => {
    const name = await bulk.start({ workers: 1 });
    const job = await bulk.ended(name, 600_000);
    expect(job).toMatchObject({ state: "succeeded", error: null });
    await bulk.expectEqual(name, rows);
    const events = await bulk.executions.history(name);
    expect(entered(events, "LoadUnits")).toBeGreaterThanOrEqual(leastCalls);
    expect(events.filter(({ type }) => type === "TaskFailed" || type === "TaskTimedOut")).toEqual([]);
    const load = job.phases.find((phase) => phase.name === "load");
    task.meta.figures = `a load of ${Math.round((load?.ms ?? 0) / 1_000)} s in ${entered(events, "LoadUnits")} calls`;
  }, 660_000);
}
