import { beforeAll, describe, expect, test } from "vitest";
import loadEnvironment from "../../deploy/load-environment.json" with { type: "json" };
import { machines } from "../../lib/adapters/workflow/machines.ts";
import { isAudited } from "../../lib/http/audit.ts";
import type { Operation } from "../../lib/http/operations/operation.ts";
import { operations } from "../../lib/http/operations.ts";
import { packagedTemplate, type Resource, type Template } from "../../scripts/bundle/package-stage.ts";

interface Statement {
  Effect: "Allow" | "Deny";
  Action: string | string[];
  Resource: unknown;
}

interface Policy {
  PolicyDocument: { Statement: Statement[] };
}

let template: Template;

beforeAll(async () => {
  template = await packagedTemplate("prod");
});

const ofType = (type: string) =>
  Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);

const functions = () =>
  ofType("AWS::Lambda::Function").map(([id, resource]) => ({
    name: id.replace("LambdaFunction", ""),
    resource,
  }));

const roleIdOf = ({ Properties }: Resource): string => roleIdIn(Properties["Role"]);
const roleIdIn = (arn: unknown): string => (arn as { "Fn::GetAtt": [string, string] })["Fn::GetAtt"][0];

/** What a role allows. */
const statementsOf = (roleId: string) => allStatementsOf(roleId).filter(({ Effect }) => Effect === "Allow");

/** Of its own policies and of those that it shares. */
function allStatementsOf(roleId: string): Statement[] {
  const { Policies = [], ManagedPolicyArns = [] } = (template.Resources[roleId]?.Properties ?? {}) as {
    Policies?: Policy[];
    ManagedPolicyArns?: { Ref: string }[];
  };
  const shared = ManagedPolicyArns.map(({ Ref }) => template.Resources[Ref]?.Properties as never as Policy);
  return [...Policies, ...shared].flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}

const actionsOf = ({ Action }: Statement): string[] => [Action].flat();

/** Actions of a function beside logs and traces. */
function actionsOfFunction(name: string): string[] {
  const role = template.Resources[`${name}LambdaFunction`];
  const actions = role ? statementsOf(roleIdOf(role)).flatMap(actionsOf) : ["no such function"];
  return [...new Set(actions.filter((action) => !/^(logs|xray):/.test(action)))].sort();
}

const allRoles = () => ofType("AWS::IAM::Role").map(([id]) => id);

/** X-Ray and log deliveries know no resources: AWS documents "*" as the only one. */
const withoutResources =
  /^(xray:\w+|logs:(\w+LogDeliver(y|ies)|PutResourcePolicy|DescribeResourcePolicies|DescribeLogGroups))$/;

test("every function has a role of its own", () => {
  const roles = functions().map(({ resource }) => roleIdOf(resource));
  expect(functions().map(({ name }) => `${name}Role`)).toEqual(roles);
  expect(template.Resources["IamRoleLambdaExecution"]).toBeUndefined();
});

test("a load keeps the memory of an append for the next, beside what every function is told", () => {
  const environmentOf = (name: string) =>
    template.Resources[`${name}LambdaFunction`]?.Properties["Environment"] as { Variables: object };
  const { Variables: others } = environmentOf("Publish");
  expect(environmentOf("Load").Variables).toEqual({ ...others, ...loadEnvironment });
});

test("a plan knows what the function that builds has", () => {
  const properties = (name: string) => template.Resources[`${name}LambdaFunction`]?.Properties ?? {};
  const build = properties("Build");
  expect(properties("Plan")["Environment"]).toMatchObject({
    Variables: {
      BUILD_MEMORY_MB: `${build["MemorySize"]}`,
      BUILD_DISK_MB: `${(build["EphemeralStorage"] as { Size: number }).Size}`,
      BUILD_TIMEOUT_S: `${build["Timeout"]}`,
    },
  });
});

const propertiesOf = (of: Template, name: string) => of.Resources[`${name}LambdaFunction`]?.Properties ?? {};
const diskOf = (name: string) =>
  (propertiesOf(template, name)["EphemeralStorage"] as { Size: number } | undefined)?.Size;
const variablesOf = (of: Template, name: string) =>
  (propertiesOf(of, name)["Environment"] as { Variables: Record<string, string> }).Variables;

test("a new account has room for every function: 3,008 MB of memory, 10,240 MB of disk", () => {
  for (const { name, resource } of functions()) {
    expect(resource.Properties["MemorySize"], name).toBeLessThanOrEqual(3_008);
    expect(diskOf(name) ?? 512, name).toBeLessThanOrEqual(10_240);
  }
});

test("nothing is traced by X-Ray unless it is asked for, as traces have their price", () => {
  for (const { resource } of functions()) expect(resource.Properties["TracingConfig"]).toBeUndefined();
  for (const [, { Properties }] of ofType("AWS::StepFunctions::StateMachine"))
    expect(Properties["TracingConfiguration"]).toEqual({ Enabled: false });
});

test("what readers may put on disk follows the disk that their function declares", () => {
  for (const name of ["Search", "FetchDocument", "GetIndex"])
    expect(variablesOf(template, name)["CONTAINER_DISK_MB"]).toBe(`${diskOf(name)}`);
});

test.each(["Plan", "Fork", "Load", "Compact", "Build", "Verify", "Publish", "Retire", "Discard"])(
  "%s can read what is published: it asks whether its job still holds the index",
  (name) => {
    const function_ = functions().find((one) => one.name === name);
    const read = statementsOf(roleIdOf(function_?.resource as never)).filter(
      (one) => actionsOf(one).includes("s3:GetObject") && JSON.stringify(one.Resource).includes("registry/*"),
    );
    expect(read).toHaveLength(1);
  },
);

test.each(["Search", "FetchDocument", "GetIndex"])("%s can only read", (name) => {
  expect(actionsOfFunction(name)).toEqual(["s3:GetObject", "s3:ListBucket"]);
});

test("ChangeIndex reads as GetIndex does, and writes the registry alone", () => {
  expect(actionsOfFunction("ChangeIndex")).toEqual(["s3:GetObject", "s3:ListBucket", "s3:PutObject"]);
  const written = statementsOf("ChangeIndexRole").filter((one) => actionsOf(one).includes("s3:PutObject"));
  const keys = written.flatMap(({ Resource }) =>
    JSON.stringify(Resource).match(/serverless-lance-data\/[^"]+/g),
  );
  expect(new Set(keys)).toEqual(
    new Set(["registry/*", ".conditional-writes"].map((one) => `serverless-lance-data/${one}`)),
  );
});

describe("what writes documents", () => {
  /** Keys of a bucket that one of its statements allows the action on. */
  const keysOf = (role: string, action: string) =>
    statementsOf(role)
      .filter((one) => actionsOf(one).includes(action))
      .flatMap(({ Resource }) => JSON.stringify(Resource).match(/(?<=serverless-lance-data\/)[^"]+/g) ?? [])
      .sort();

  test.each(["WriteDocuments", "CreateIndex"])("%s reads and writes generations and the registry", (name) => {
    const role = `${name}Role`;
    expect(keysOf(role, "s3:GetObject")).toEqual(expect.arrayContaining(["lance/*", "registry/*"]));
    expect(keysOf(role, "s3:PutObject")).toEqual(
      expect.arrayContaining([".conditional-writes", "lance/*", "registry/*"]),
    );
    expect(keysOf(role, "s3:AbortMultipartUpload")).toEqual(["lance/*"]);
    expect(statementsOf(role).flatMap(actionsOf)).toContain("s3:ListBucket");
  });

  test("drops nothing: a writer forgets old answers alone, and who makes an index removes nothing", () => {
    expect(keysOf("WriteDocumentsRole", "s3:DeleteObject")).toEqual(["registry/receipts/*"]);
    expect(actionsOfFunction("CreateIndex")).not.toContain("s3:DeleteObject");
  });
});

test("somebody is told of failed requests of any function, and of searches and writes that find no room", () => {
  const alarms = ofType("AWS::CloudWatch::Alarm").map(([, { Properties }]) => Properties);
  const watched = alarms.map(({ Namespace, MetricName, Dimensions }) =>
    [Namespace, MetricName, JSON.stringify(Dimensions).match(/(?<="Ref":")[^"]+/)?.[0]].join(" "),
  );
  expect(watched.sort()).toEqual([
    "AWS/ApiGateway 5xx HttpApi",
    "AWS/Lambda Throttles SearchLambdaFunction",
    "AWS/Lambda Throttles WriteDocumentsLambdaFunction",
    "AWS/States ExecutionsFailed BuildIndexStateMachine",
    "AWS/States ExecutionsFailed MigrateStateMachine",
  ]);
  for (const { AlarmActions, OKActions } of alarms)
    expect([AlarmActions, OKActions]).toEqual([[{ Ref: "Alarms" }], [{ Ref: "Alarms" }]]);
});

test("ListIndexes can only read, and write what it has read of many entries", () => {
  expect(actionsOfFunction("ListIndexes")).toEqual(["s3:GetObject", "s3:ListBucket", "s3:PutObject"]);
  const written = statementsOf("ListIndexesRole").filter((one) => actionsOf(one).includes("s3:PutObject"));
  expect(written.flatMap(({ Resource }) => Resource)).toEqual(
    ["registry/indexes/*.page", ".conditional-writes"].map((keys) => ({
      "Fn::Sub": `arn:\${AWS::Partition}:s3:::serverless-lance-data/${keys}`,
    })),
  );
});

test.each(["ListJobs", "GetJob"])("%s can only read, and ask for executions", (name) => {
  expect(actionsOfFunction(name)).toEqual(["s3:GetObject", "s3:ListBucket", "states:DescribeExecution"]);
});

const keysStored = {
  "Fn::Sub": `arn:\${AWS::Partition}:s3:::serverless-lance-data/registry/keys/*`,
};

test("keys are made by one function, which writes nothing else, and by no other that writes the registry", () => {
  const writers = functions().flatMap(({ name, resource }) => {
    const statements = allStatementsOf(roleIdOf(resource)).filter((one) =>
      actionsOf(one).includes("s3:PutObject"),
    );
    const written = JSON.stringify(statements.flatMap(({ Resource }) => Resource));
    const isDenied = statements.some(
      ({ Effect, Resource }) =>
        Effect === "Deny" && JSON.stringify(Resource) === JSON.stringify([keysStored]),
    );
    return /registry\/(\*|keys\/\*)"/.test(written) && !isDenied ? [name] : [];
  });
  expect(writers).toEqual(["Keys"]);
  const written = statementsOf("KeysRole").filter((one) => actionsOf(one).includes("s3:PutObject"));
  expect(written.flatMap(({ Resource }) => Resource)).toEqual([
    keysStored,
    { "Fn::Sub": expect.stringMatching(/serverless-lance-data\/\.conditional-writes$/) },
  ]);
});

test("whoever has to know who asks can read the keys", () => {
  const asking = functions().filter(({ name }) => JSON.stringify(routesOf(name)).includes("HttpApi"));
  expect(asking.length).toBeGreaterThan(15);
  for (const { name, resource } of asking) {
    const read = statementsOf(roleIdOf(resource)).filter((one) => actionsOf(one).includes("s3:GetObject"));
    const reads = /registry\/(\*|keys\/\*)"/.test(JSON.stringify(read));
    expect([name, reads]).toEqual([name, !["Health", "Openapi", "NotFound"].includes(name)]);
  }
});

const routesOf = (name: string) =>
  ofType("AWS::ApiGatewayV2::Integration").filter(([id]) => id === `HttpApiIntegration${name}`);

test("what is deployed is served to who has a key, and is not deployed open", async () => {
  for (const { name } of functions()) expect(variablesOf(template, name)["LAKEHOUSE_AUTH"]).toBe("keys");
  await expect(packagedTemplate("prod", { auth: "open" })).rejects.toThrow(/what is deployed is not open/);
});

const routesAnd = (of: Template) =>
  Object.values(of.Resources)
    .filter(({ Type }) => Type === "AWS::ApiGatewayV2::Route")
    .map(({ Properties }) => [Properties["RouteKey"], Properties["AuthorizationType"] ?? "NONE"] as const);

test("where access is by tokens, API Gateway makes sure of them, but for what asks nothing of anybody", async () => {
  const issuer = { jwtIssuer: "https://issuer.example/", jwtAudience: "one, two", jwtClaim: "groups" };
  const made = await packagedTemplate("prod", { auth: "jwt", ...issuer });
  const authorizers = Object.values(made.Resources).filter(
    ({ Type }) => Type === "AWS::ApiGatewayV2::Authorizer",
  );
  expect(authorizers.map(({ Properties }) => Properties)).toEqual([
    expect.objectContaining({
      AuthorizerType: "JWT",
      IdentitySource: ["$request.header.Authorization"],
      JwtConfiguration: { Issuer: "https://issuer.example/", Audience: ["one", "two"] },
    }),
  ]);
  const others = routesAnd(made).flatMap(([route, type]) => (type === "JWT" ? [] : [route]));
  expect(others.sort()).toEqual(["$default", "GET /health", "GET /openapi.json"]);
  expect(variablesOf(made, "Search")).toMatchObject({
    LAKEHOUSE_AUTH: "jwt",
    LAKEHOUSE_JWT_ISSUER: "https://issuer.example/",
    LAKEHOUSE_JWT_CLAIM: "groups",
  });
});

test("functions whose routes are audited log where that is kept, and no others may write there", () => {
  const audited = (Object.values(operations) as Operation[])
    .filter(isAudited)
    .map(({ method, route }) => `${method.toUpperCase()} ${route}`);
  const logging = functions().flatMap(({ name, resource: { Properties } }) =>
    JSON.stringify(Properties["LoggingConfig"]) === '{"LogGroup":{"Ref":"AuditLogGroup"}}' ? [name] : [],
  );
  const serving = ofType("AWS::ApiGatewayV2::Route").flatMap(([, { Properties }]) => {
    const route = `${Properties["RouteKey"]}`.replace("+}", "}");
    const [, integration] = (Properties["Target"] as { "Fn::Join": [string, [string, { Ref: string }]] })[
      "Fn::Join"
    ][1];
    return audited.includes(route) ? [integration.Ref.replace("HttpApiIntegration", "")] : [];
  });
  expect(logging.length).toBeGreaterThan(5);
  expect([...new Set(serving)].sort()).toEqual([...logging].sort());
  const writing = functions().flatMap(({ name, resource }) =>
    JSON.stringify(statementsOf(roleIdOf(resource))).includes("AuditLogGroup") ? [name] : [],
  );
  expect(writing).toEqual(logging);
  for (const name of logging) expect(template.Resources[`${name}LogGroup`]).toBeUndefined();
  expect(template.Resources["AuditLogGroup"]).toMatchObject({ DeletionPolicy: "Retain" });
});

test("where access is by AWS identity, only signed requests reach a function, but for what asks nothing of anybody", async () => {
  const made = await packagedTemplate("prod", { auth: "iam", searchShards: "1" });
  expect(variablesOf(made, "Search")["LAKEHOUSE_AUTH"]).toBe("iam");
  const unsigned = routesAnd(made).flatMap(([route, type]) => (type === "AWS_IAM" ? [] : [route]));
  expect(unsigned.sort()).toEqual(["$default", "GET /health", "GET /openapi.json"]);
  expect(routesAnd(made).map(([route]) => route)).toContain("POST /shards/0/indexes/{index}/search");
  const byKeys = routesAnd(template);
  expect(new Set(byKeys.map(([, type]) => type))).toEqual(new Set(["NONE"]));
  const common = routesAnd(made)
    .map(([route]) => route)
    .filter((route) => !`${route}`.includes("/shards/"));
  expect(common.sort()).toEqual(byKeys.map(([route]) => route).sort());
});

test("ListBuckets can only log, and read the keys", () => {
  expect(actionsOfFunction("ListBuckets")).toEqual(["s3:GetObject", "s3:ListBucket"]);
});

test.each(["Health", "Openapi", "NotFound"])("%s can only log", (name) => {
  expect(actionsOfFunction(name)).toEqual([]);
});

test("executions are started by startJob and by what takes in writes, and stopped by cancelJob alone", () => {
  const who = (action: string) =>
    functions().flatMap(({ name }) => (actionsOfFunction(name).includes(action) ? [name] : []));
  expect(who("states:StartExecution")).toEqual(["WriteDocuments", "CatchUp", "StartJob"]);
  expect(who("states:StopExecution")).toEqual(["CancelJob"]);
});

test("what was written is removed by tasks, by dropIndex and by catchUp, not by whoever writes", () => {
  const removing = functions().flatMap(({ name, resource }) =>
    statementsOf(roleIdOf(resource)).some(
      (one) => actionsOf(one).includes("s3:DeleteObject") && /lance\/\*/.test(JSON.stringify(one.Resource)),
    )
      ? [name]
      : [],
  );
  expect(removing).toContain("CatchUp");
  expect(removing).not.toContain("WriteDocuments");
  const written = statementsOf("CatchUpRole").filter((one) => actionsOf(one).includes("s3:PutObject"));
  expect(JSON.stringify(written)).toContain("registry/turns/*/versions.json");
});

test("no right is for every action, and none for every resource where there are resources", () => {
  for (const role of allRoles())
    for (const statement of statementsOf(role)) {
      for (const action of actionsOf(statement)) expect(action).not.toContain("*");
      if (JSON.stringify(statement.Resource).includes('"*"'))
        for (const action of actionsOf(statement)) expect(action).toMatch(withoutResources);
    }
});

test("sources are only read, and only by the tasks that read Parquet", () => {
  const reaching = functions().flatMap(({ name, resource }) =>
    statementsOf(roleIdOf(resource))
      .filter(({ Resource }) => JSON.stringify(Resource).includes("serverless-lance-source/*"))
      .flatMap(actionsOf)
      .map((action) => `${name} ${action}`),
  );
  expect(reaching).toEqual(["Plan s3:GetObject", "Load s3:GetObject"]);
  const writing = allRoles().flatMap((role) =>
    statementsOf(role).filter((one) => /s3:(Put|Delete|Abort)/.test(`${one.Action}`)),
  );
  expect(JSON.stringify(writing)).not.toContain("serverless-lance-source");
});

test("data is written under lance, exports, registry and jobs alone, beside the marker of conditional writes", () => {
  for (const role of allRoles())
    for (const { Action, Resource } of statementsOf(role).filter((one) =>
      /s3:(Put|Delete|Abort)/.test(`${one.Action}`),
    ))
      for (const arn of [Resource].flat())
        expect(`${Action} ${(arn as { "Fn::Sub": string })["Fn::Sub"]}`).toMatch(
          /:s3:::serverless-lance-data\/(lance\/\*|exports\/\*|registry\/(\*|keys\/\*|receipts\/\*|turns\/\*(\/versions\.json)?|openings\/\*|indexes\/\*\.page)|jobs\/\*(\/failure\.json)?|\.conditional-writes)$/,
        );
});

describe.each(Object.entries(machines))("the state machine %s", (name, defined) => {
  const text = JSON.stringify(defined);
  const called = [...new Set([...text.matchAll(/\$\{(\w+)Arn\}/g)].map(([, task]) => task))].sort();
  const functionArn = (task: string | undefined) => ({ "Fn::GetAtt": [`${task}LambdaFunction`, "Arn"] });
  const machine = () =>
    ofType("AWS::StepFunctions::StateMachine").find(
      ([, { Properties }]) => Properties["StateMachineName"] === `serverless-lance-prod-${name}`,
    )?.[1].Properties;

  test("has every function it names, and is as it was written", () => {
    const substituted = Object.fromEntries(called.map((task) => [`${task}Arn`, functionArn(task)]));
    expect(machine()?.["DefinitionSubstitutions"]).toEqual(substituted);
    expect(JSON.parse(machine()?.["DefinitionString"] as string)).toEqual(defined);
  });

  test("may call those functions and no others", () => {
    const role = roleIdIn(machine()?.["RoleArn"]);
    const invokes = statementsOf(role).filter((one) => actionsOf(one).includes("lambda:InvokeFunction"));
    const functionsOf = (arns: unknown) =>
      JSON.stringify(
        [arns]
          .flat()
          .map((arn) => JSON.stringify(arn))
          .sort(),
      );
    expect(invokes.map(({ Resource }) => functionsOf(Resource))).toEqual([
      functionsOf(called.map(functionArn)),
    ]);
  });
});

test("functions find the machines by the start of their names", () => {
  for (const { resource } of functions()) {
    const { Variables } = resource.Properties["Environment"] as { Variables: Record<string, unknown> };
    expect(Variables).toMatchObject({
      WORKFLOW: "stepfunctions",
      STATE_MACHINE_PREFIX: { "Fn::Sub": expect.stringMatching(/:stateMachine:serverless-lance-prod-$/) },
      LAKEHOUSE_TOML: "deploy/lakehouse.toml",
    });
  }
});

test("the store's keys are in the environment of the local stage, and of no other", async () => {
  expect(JSON.stringify(template)).not.toMatch(/MINIO|AWS_ENDPOINT/);
  const local = await packagedTemplate("local");
  const Environment = local.Resources["SearchLambdaFunction"]?.Properties["Environment"];
  expect(Environment).toMatchObject({
    Variables: { LAKEHOUSE_TOML: "localstack/lakehouse.toml", AWS_ENDPOINT: "http://127.0.0.1:9000" },
  });
  expect(Environment).toHaveProperty("Variables.MINIO_SECRET_ACCESS_KEY");
});

test("the bucket of what is deployed is nobody else's, and keeps no part of an upload that was given up", () => {
  const buckets = ofType("AWS::S3::Bucket").map(([, { Properties }]) => Properties);
  expect(buckets).toMatchObject([
    {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      LifecycleConfiguration: {
        Rules: [{ Status: "Enabled", AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }],
      },
    },
  ]);
});

test("alarms are published by CloudWatch, failed executions sent by their rule, and both over TLS alone", () => {
  const statements = ["AlarmsPolicy", "FailedExecutionsPolicy"].map((id) => {
    const policy = template.Resources[id]?.Properties as Policy | undefined;
    return policy?.PolicyDocument.Statement ?? [];
  });
  for (const [allowed, denied] of statements) {
    expect(allowed).toMatchObject({ Effect: "Allow", Principal: { Service: expect.any(String) } });
    expect(allowed).toHaveProperty("Condition");
    expect(denied).toMatchObject({
      Effect: "Deny",
      Principal: "*",
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    });
  }
});
