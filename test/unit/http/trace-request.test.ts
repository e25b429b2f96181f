import { createSocket } from "node:dgram";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { httpHandler } from "../../../lib/http/http-handler.ts";
import { serviceOperations } from "../../../lib/http/operations/service.ts";

const sampled = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=557abcec3ee5a047;Sampled=1";
const daemon = createSocket("udp4");
const received: string[] = [];

beforeAll(async () => {
  daemon.on("message", (message) => received.push(message.toString()));
  daemon.bind(0, "127.0.0.1");
  await once(daemon, "listening");
  process.env["AWS_XRAY_DAEMON_ADDRESS"] = `127.0.0.1:${daemon.address().port}`;
  process.env["AWS_EXECUTION_ENV"] = "AWS_Lambda_nodejs24.x";
  process.env["LAMBDA_TASK_ROOT"] = "/var/task";
});

afterAll(() => {
  daemon.close();
});

const context = { awsRequestId: "r1", getRemainingTimeInMillis: () => 5_000 } as never;

async function invoke(traceId: string | undefined, query: Record<string, string> = {}) {
  if (traceId) process.env["_X_AMZN_TRACE_ID"] = traceId;
  else delete process.env["_X_AMZN_TRACE_ID"];
  const { handler } = await import("../../../functions/not-found.ts");
  const { handler: health } = await import("../../../functions/health.ts");
  await handler({ headers: {} } as never, context);
  const { statusCode } = await health({ headers: {}, queryStringParameters: query } as never, context);
  await sleep(300); // UDP
  return statusCode;
}

test("outside of X-Ray nothing is traced", async () => {
  for (const traceId of [
    undefined,
    sampled.replace("Sampled=1", "Sampled=0"),
    "Root=1-5759e988-bd862e3fe1be46a994272793",
  ])
    await invoke(traceId);
  expect(received).toEqual([]);
});

test("a sampled invocation sends a subsegment by the name of its operation, our faults in it", async () => {
  expect(await invoke(sampled)).toBe(200);
  const sent = () => received.map((message) => JSON.parse(message.slice(message.indexOf("\n") + 1)));
  const [health] = sent().filter(({ name }) => name === "## health");
  expect(health).toMatchObject({
    trace_id: "1-5759e988-bd862e3fe1be46a994272793",
    parent_id: "557abcec3ee5a047",
    annotations: { Service: "serverless-lance" },
  });
  expect(sent().map(({ name }) => name)).toContain("## notFound");
  expect(await invoke(sampled, { wrong: "1" })).toBe(400);
  expect(sent().filter(({ fault }) => fault)).toEqual([]);
  const broken = httpHandler(
    serviceOperations,
    "listBuckets",
    () => unreachable(),
    async () => ({}),
  );
  expect((await broken({ headers: {} } as never, context)).statusCode).toBe(500);
  await sleep(300);
  expect(sent().filter(({ fault }) => fault)).toMatchObject([{ name: "## listBuckets" }]);
});

function unreachable(): never {
  throw new Error("no container");
}
