import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { operations } from "../../lib/http/operations.ts";
import { reportRequest } from "../../lib/http/report-request.ts";
import { reportFallback } from "../../lib/report-fallback.ts";
import { costLine, logger } from "../../lib/telemetry.ts";
import { packagedTemplate } from "../../scripts/bundle/package-stage.ts";

/** What AWS emits of itself: by namespace, each metric with the names of its dimensions. */
const ofAws: Record<string, Record<string, string[]>> = {
  "AWS/Lambda": { Throttles: ["FunctionName"], ConcurrentExecutions: ["FunctionName", ""] },
  "AWS/States": { ExecutionsSucceeded: ["StateMachineArn"], ExecutionsFailed: ["StateMachineArn"] },
  "AWS/SQS": { ApproximateNumberOfMessagesVisible: ["QueueName"] },
  "AWS/ApiGateway": { Count: ["ApiId"], "4xx": ["ApiId"], "5xx": ["ApiId"] },
};

interface Widget {
  properties: { metrics?: unknown[][]; query?: string };
}

let widgets: Widget[];
let logical: string[];

beforeAll(async () => {
  const { Resources } = await packagedTemplate("prod");
  logical = Object.keys(Resources);
  const body = Resources["Dashboard"]?.Properties["DashboardBody"] as { "Fn::Sub": string };
  widgets = JSON.parse(body["Fn::Sub"]).widgets;
});

afterAll(() => vi.restoreAllMocks());

const metricsShown = () =>
  widgets
    .flatMap(({ properties: { metrics = [] } }) => metrics)
    .map((one) => one.filter((part) => typeof part === "string")) as string[][];

interface EmbeddedMetrics {
  _aws: { CloudWatchMetrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string }[] }[] };
}

const namesIn = (line: unknown) =>
  (line as EmbeddedMetrics)._aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
    Metrics.map(({ Name }) => `${Namespace} ${Name} ${Dimensions.flat().sort()}`),
  );

/** What a request that fails for our own fault writes of itself. */
async function ofRequests(): Promise<string[]> {
  const written = vi.spyOn(logger, "error").mockReturnValue(undefined);
  const { before, onError } = reportRequest("search");
  const request = {
    event: { headers: {} },
    context: { awsRequestId: "1" },
    error: new Error("broken"),
  } as never;
  await before?.(request);
  await onError?.(request);
  return namesIn(written.mock.calls[0]?.[1]);
}

test("each metric of ours on the dashboard is one that requests write, with these dimensions", async () => {
  const emitted = await ofRequests();
  const shown = metricsShown().filter(([namespace]) => namespace === "ServerlessLance");
  expect(shown.length).toBeGreaterThan(5);
  for (const [namespace, name, ...dimensions] of shown) {
    const names = dimensions.filter((_, at) => at % 2 === 0);
    expect(emitted).toContain(`${namespace} ${name} ${names.sort()}`);
    expect(Object.keys(operations)).toContain(dimensions[dimensions.indexOf("operation") + 1]);
    expect(dimensions[dimensions.indexOf("service") + 1]).toBe("serverless-lance");
  }
});

test("so is what it looks for of faster ways", () => {
  const written = vi.spyOn(logger, "warn").mockReturnValue(undefined);
  reportFallback({ fastPath: "replica", reason: "disk-full", count: 1 } as never, 1);
  const [emitted] = namesIn(written.mock.calls[0]?.[1]);
  const searched = JSON.stringify(widgets).match(/SEARCH\('\{(\w+),([\w,]+)\} MetricName=\\+"(\w+)/) ?? [];
  const [, namespace, dimensions = "", name] = searched;
  expect(`${namespace} ${name} ${dimensions.split(",").sort()}`).toBe(emitted);
});

test("the others are AWS's own, of what the stack has", () => {
  for (const [namespace = "", name = "", dimension = "", value] of metricsShown()) {
    if (namespace === "ServerlessLance" || namespace === "") continue;
    expect(ofAws[namespace]?.[name]).toContain(dimension);
    if (value !== undefined) expect(logical).toContain(/^\$\{(\w+)/.exec(value)?.[1]);
  }
});

test("cold searches and dollars are read from the function's log, as Lambda and requests write it", () => {
  const [cold, dollars] = widgets.flatMap(({ properties }) => properties.query ?? []);
  expect(cold).toMatch(
    /'\/aws\/lambda\/\$\{SearchLambdaFunction\}'.* count\(@initDuration\) \/ count\(@requestId\)/,
  );
  const cost = { dollars: 1, billedMs: 1, store: {}, counted: "all" };
  const { line } = costLine({ cost, metricsBy: undefined } as never, undefined);
  expect(line).toHaveProperty(/sum\((\w+)\)/.exec(`${dollars}`)?.[1] ?? "no field");
});
