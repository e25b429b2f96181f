import { CloudWatchLogsClient, DescribeLogGroupsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { GetFunctionConfigurationCommand, InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HttpClient } from "../support/http-client.ts";
import { parquetBytes, sampleRows } from "../support/parquet-files.ts";
import { theStack } from "../support/stack.ts";
import { stackStores } from "../support/stack-stores.ts";

const stack = theStack();
const { endpoints } = stack;
const http = new HttpClient(endpoints.http);
const localstack = {
  endpoint: endpoints.localstack,
  region: "us-east-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
};
const lambda = new LambdaClient(localstack);
const index = `deployed-${process.pid}`;
const rows = sampleRows(300, 8);
const name = (key: string) => `serverless-lance-local-${key}`;

/** What API Gateway's HTTP APIs send (payload format 2.0). */
function event(method: string, path: string, pathParameters: Record<string, string>, body?: unknown) {
  return {
    version: "2.0",
    routeKey: `${method} ${path}`,
    rawPath: path,
    rawQueryString: "",
    headers: body === undefined ? {} : { "content-type": "application/json" },
    pathParameters,
    requestContext: { requestId: "request-1", http: { method, path } },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    isBase64Encoded: false,
  };
}

async function invoke(key: string, payload: unknown) {
  const answer = await lambda.send(
    new InvokeCommand({ FunctionName: name(key), Payload: Buffer.from(JSON.stringify(payload)) }),
  );
  const returned = JSON.parse(Buffer.from(answer.Payload ?? []).toString());
  return {
    error: answer.FunctionError,
    returned,
    body: returned.body ? JSON.parse(returned.body) : undefined,
  };
}

const search = () =>
  invoke("search", event("POST", `/indexes/${index}/search`, { index }, { vector: rows[7]?.vector, k: 3 }));
const fetchDocument = (docId: string) =>
  invoke("fetchDocument", event("GET", `/indexes/${index}/documents/${docId}`, { index, docId }));

/** As after an idle hour: no environment of the function is left. */
function freeze(key: string): void {
  for (const pid of stack.functionPids(name(key))) process.kill(pid, "SIGKILL");
}

beforeAll(async () => {
  await stackStores()("source").put("deployed/part.parquet", parquetBytes(rows));
  await http.migrate(index, "source/deployed/part.parquet", { indexType: "IVF_FLAT" });
});

afterAll(async () => {
  await http.call("dropIndex", { index });
  await stackStores()("source").deletePrefix("deployed/");
});

describe("a deployed function, invoked through the Lambda API,", () => {
  test("searches, cold and warm", async () => {
    freeze("search");
    const answers = [await search(), await search(), await search()];
    for (const { error, returned, body } of answers) {
      expect(error).toBeUndefined();
      expect(returned.statusCode).toBe(200);
      expect(body.hits[0]).toMatchObject({ doc_id: "d7" });
    }
    const [first, ...later] = answers.map(({ body }) => body.performance.cache);
    expect(first).toBe("cold");
    for (const cache of later) expect(["warm", "replica"]).toContain(cache); // it may have been copied meanwhile
  });

  test("searches by a URL of its own, where nobody has looked for the route", async () => {
    const { routeKey, pathParameters, ...sent } = event(
      "POST",
      `/indexes/${index}/search`,
      {},
      { vector: rows[7]?.vector, k: 3 },
    );
    const { returned, body } = await invoke("search", { ...sent, routeKey: "$default" });
    expect([returned.statusCode, body.hits[0].doc_id]).toEqual([200, "d7"]);
  });

  test("fetches a document, cold and warm", async () => {
    freeze("fetchDocument");
    for (const docId of ["d7", "d8"]) {
      const { returned, body } = await fetchDocument(docId);
      expect([returned.statusCode, body.doc_id]).toEqual([200, docId]);
    }
  });

  test("answers again after its process was killed", async () => {
    await search();
    freeze("search");
    await expect // the call that meets the dead process may be told so
      .poll(async () => (await search()).returned.statusCode)
      .toBe(200);
  });

  test("answers a mistake with a problem, not with an error of Lambda's", async () => {
    const { error, returned, body } = await fetchDocument("nobody");
    expect([error, returned.statusCode, body.code]).toEqual([undefined, 404, "document-not-found"]);
  });

  test("serves many at once", async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, search));
    expect(answers.map(({ returned }) => returned.statusCode)).toEqual(answers.map(() => 200));
  });
});

test("functions that change something are told to log in one place, others are not", async () => {
  const groupOf = async (key: string) => {
    const asked = new GetFunctionConfigurationCommand({ FunctionName: name(key) });
    return (await lambda.send(asked)).LoggingConfig?.LogGroup;
  };
  const [keys, writes, search] = await Promise.all(["keys", "writeDocuments", "search"].map(groupOf));
  expect([writes, search]).toEqual([keys, `/aws/lambda/${name("search")}`]);
  const asked = new DescribeLogGroupsCommand({ logGroupNamePrefix: keys });
  const { logGroups } = await new CloudWatchLogsClient(localstack).send(asked);
  expect(logGroups).toMatchObject([{ logGroupName: keys }]); // for how long, LocalStack does not keep
});

test("a task that is called with nonsense names the field, and the error's type is one that Retry and Catch match", async () => {
  const { error, returned } = await invoke("load", { jobId: "a b" });
  expect(error).toBe("Unhandled");
  expect(returned).toMatchObject({ errorType: "BadRequest", errorMessage: expect.stringContaining("jobId") });
});
