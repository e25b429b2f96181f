import { beforeAll, describe, expect, test } from "vitest";
import { packagedTemplate, type Template } from "../../scripts/bundle/package-stage.ts";

const keyArn = (name: string) => `arn:aws:kms:us-east-1:123456789012:key/${name}`;
const origin = "https://app.example.com";
const certificate = "arn:aws:acm:us-east-1:123456789012:certificate/a1";

let bare: Template;
/** All that may be asked for beside each other. */
let full: Template;
/** What is otherwise where requests are signed. */
let signed: Template;

beforeAll(async () => {
  bare = await packagedTemplate("prod");
  full = await packagedTemplate("prod", {
    searchMemory: "3008",
    searchDisk: "10240",
    writeMemory: "1024",
    loadMemory: "3000",
    compactMemory: "4096",
    buildMemory: "10240",
    buildDisk: "9000",
    verifyMemory: "8192",
    verifyDisk: "8000",
    searchShards: "3",
    searchConcurrency: "20",
    loadConcurrency: "8",
    buildConcurrency: "2",
    searchProvisioned: "2",
    searchUrl: "beside",
    architecture: "arm64",
    tracing: "true",
    costMetrics: "index",
    accessLog: "true",
    logRetentionDays: "30",
    auditRetentionInDays: "731",
    throttleRate: "50",
    logKey: keyArn("logs"),
    bucketKeys: `${keyArn("one")},${keyArn("two")}`,
    corsOrigins: origin,
    vpcSubnets: "subnet-1,subnet-2",
    vpcSecurityGroups: "sg-1",
    domain: "search.example.com",
    certificate,
  });
  signed = await packagedTemplate("prod", { auth: "iam", searchUrl: "instead", corsOrigins: "*" });
}, 120_000);

// biome-ignore lint/suspicious/noExplicitAny: properties are looked at as they are
type Described = Record<string, any>;

const of = (template: Template, type: string): Described[] =>
  Object.entries(template.Resources).flatMap(([id, { Type, Properties }]) =>
    Type === type ? [{ id, ...Properties }] : [],
  );
const functionsOf = (template: Template) => of(template, "AWS::Lambda::Function");
const functionOf = (template: Template, name: string): Described =>
  functionsOf(template).find(({ id }) => id === `${name}LambdaFunction`) ?? {};
const routesOf = (template: Template) =>
  of(template, "AWS::ApiGatewayV2::Route").map(({ RouteKey }) => `${RouteKey}`);
const searches = ["Search", "SearchShard0", "SearchShard1", "SearchShard2"];

test("functions sum dollars where that is asked for", () => {
  const told = (template: Template) => functionOf(template, "Search")["Environment"].Variables.COST_METRICS;
  expect([told(bare), told(full)]).toEqual(["", "index"]);
});

test("nothing that is to be asked for is there without it", () => {
  for (const type of [
    "AWS::ApiGatewayV2::DomainName",
    "AWS::ApiGatewayV2::ApiMapping",
    "AWS::Lambda::Alias",
    "AWS::Lambda::Url",
    "AWS::Lambda::Version",
  ])
    expect([type, of(bare, type)]).toEqual([type, []]);
  for (const { VpcConfig, Architectures } of functionsOf(bare))
    expect([VpcConfig, Architectures]).toEqual([undefined, ["x86_64"]]);
  for (const { id, KmsKeyId, RetentionInDays } of of(bare, "AWS::Logs::LogGroup"))
    expect([KmsKeyId, RetentionInDays]).toEqual([undefined, id === "AuditLogGroup" ? 365 : 14]);
  expect(JSON.stringify(bare)).not.toMatch(/kms:|ec2:|searchShard/i);
  expect(routesOf(bare)).not.toContain("OPTIONS /{proxy+}");
  const [api] = of(bare, "AWS::ApiGatewayV2::Api");
  const [stage] = of(bare, "AWS::ApiGatewayV2::Stage");
  expect([api?.["CorsConfiguration"], stage?.["AccessLogSettings"]]).toEqual([undefined, undefined]);
  expect(JSON.stringify(stage)).not.toContain("Throttling");
});

test("traces, memory, disk, concurrency and processors are those that are asked for", () => {
  const sizes = ["Search", "FetchDocument", "WriteDocuments", "Load", "Compact", "Build", "Verify"].map(
    (name) => {
      const { MemorySize, EphemeralStorage, ReservedConcurrentExecutions } = functionOf(full, name);
      return [name, MemorySize, EphemeralStorage?.Size, ReservedConcurrentExecutions];
    },
  );
  expect(sizes).toEqual([
    ["Search", 3_008, 10_240, 20],
    ["FetchDocument", 3_008, 10_240, undefined],
    ["WriteDocuments", 1_024, undefined, undefined],
    ["Load", 3_000, undefined, 8],
    ["Compact", 4_096, undefined, undefined],
    ["Build", 10_240, 9_000, 2],
    ["Verify", 8_192, 8_000, undefined],
  ]);
  expect(functionOf(full, "Search")["Environment"].Variables.CONTAINER_DISK_MB).toBe("10240");
  const plan = functionOf(full, "Plan")["Environment"].Variables;
  expect(plan).toMatchObject({ BUILD_MEMORY_MB: "10240", BUILD_DISK_MB: "9000" });
  for (const { TracingConfig, Architectures } of functionsOf(full))
    expect([TracingConfig, Architectures]).toEqual([{ Mode: "Active" }, ["arm64"]]);
  for (const { TracingConfiguration } of of(full, "AWS::StepFunctions::StateMachine"))
    expect(TracingConfiguration).toEqual({ Enabled: true });
});

test("search functions beside search are as search is, each under a number of its own", () => {
  const [first, ...others] = searches.map((name) => {
    const { id, FunctionName, ...properties } = functionOf(full, name);
    return properties;
  });
  expect(others).toEqual([first, first, first]);
  const ofShard = of(full, "AWS::ApiGatewayV2::Route").filter(({ RouteKey }) =>
    RouteKey.includes(" /shards/1/"),
  );
  expect(ofShard.map(({ RouteKey }) => RouteKey).sort()).toEqual([
    "POST /shards/1/indexes/{index}/recall",
    "POST /shards/1/indexes/{index}/search",
    "POST /shards/1/indexes/{index}/warm",
  ]);
  for (const { Target } of ofShard)
    expect(JSON.stringify(Target)).toContain("HttpApiIntegrationSearchShard1");
});

test("provisioned containers are of search alone, and all that calls search calls their alias", () => {
  const aliases = of(full, "AWS::Lambda::Alias").map(
    ({ FunctionName, Name, ProvisionedConcurrencyConfig }) => [
      FunctionName.Ref,
      Name,
      ProvisionedConcurrencyConfig,
    ],
  );
  const two = { ProvisionedConcurrentExecutions: 2 };
  const wanted = searches.map((name) => [`${name}LambdaFunction`, "provisioned", two]);
  expect(aliases.sort()).toEqual(wanted.sort()); // in no order of its own
  expect(of(full, "AWS::Lambda::Version")).toHaveLength(searches.length);
  for (const { id, IntegrationUri } of of(full, "AWS::ApiGatewayV2::Integration"))
    expect([id, JSON.stringify(IntegrationUri).includes("provisioned")]).toEqual([id, /Search/.test(id)]);
  for (const { TargetFunctionArn } of of(full, "AWS::Lambda::Url"))
    expect(JSON.stringify(TargetFunctionArn)).toMatch(/provisioned|Alias/i);
});

test("pages of the origins named may call the API, and their preflights ask for no key", () => {
  const [{ CorsConfiguration } = {} as Described] = of(full, "AWS::ApiGatewayV2::Api");
  expect(CorsConfiguration).toMatchObject({
    AllowOrigins: [origin],
    AllowMethods: ["GET", "POST", "PATCH", "DELETE"],
    AllowHeaders: expect.arrayContaining(["authorization", "content-type", "idempotency-key", "x-api-key"]),
    ExposeHeaders: expect.arrayContaining(["retry-after", "x-correlation-id"]),
  });
  expect(CorsConfiguration).not.toHaveProperty("AllowCredentials");
  for (const template of [full, signed]) {
    const preflight = of(template, "AWS::ApiGatewayV2::Route").find(
      ({ RouteKey }) => RouteKey === "OPTIONS /{proxy+}",
    );
    expect(preflight?.["AuthorizationType"] ?? "NONE").toBe("NONE");
    expect(JSON.stringify(preflight?.["Target"])).toContain("HttpApiIntegrationNotFound");
  }
});

describe("a URL of search itself", () => {
  test("is beside the API, of each shard, and leaves who asks to the function", () => {
    const urls = of(full, "AWS::Lambda::Url");
    expect(urls).toHaveLength(searches.length);
    for (const { AuthType, Cors } of urls) expect([AuthType, Cors.AllowOrigins]).toEqual(["NONE", [origin]]);
    for (const { Environment } of searches.map((name) => functionOf(full, name)))
      expect(Environment.Variables.LAKEHOUSE_AUTH).toBe("keys");
    expect(routesOf(full)).toContain("POST /indexes/{index}/search");
  });

  test("is in place of it, and signed where all is signed", () => {
    expect(of(signed, "AWS::Lambda::Url").map(({ AuthType }) => AuthType)).toEqual(["AWS_IAM"]);
    expect(JSON.stringify(of(signed, "AWS::Lambda::Permission"))).not.toContain('"Principal":"*"');
    expect(routesOf(signed).filter((route) => /search|warm/.test(route))).toEqual([]);
    expect(routesOf(signed)).toContain("GET /indexes/{index}");
  });
});

test("a name before the API has its certificate, and says where its record points to", () => {
  expect(of(full, "AWS::ApiGatewayV2::DomainName")).toMatchObject([
    {
      DomainName: "search.example.com",
      DomainNameConfigurations: [{ CertificateArn: certificate, SecurityPolicy: "TLS_1_2" }],
    },
  ]);
  expect(of(full, "AWS::ApiGatewayV2::ApiMapping")).toMatchObject([
    { ApiId: { Ref: "HttpApi" }, DomainName: { Ref: "ApiDomain" }, Stage: { Ref: "HttpApiStage" } },
  ]);
  expect(JSON.stringify(full)).toContain("RegionalHostedZoneId");
});

test("logs are kept as long as is asked for, by a key, and API Gateway writes one of its own without queries", () => {
  const groups = of(full, "AWS::Logs::LogGroup");
  const logging = functionsOf(full).filter(({ LoggingConfig }) => !LoggingConfig);
  expect(groups.length).toBeGreaterThan(logging.length);
  for (const { id, RetentionInDays, KmsKeyId } of groups)
    expect([id, RetentionInDays, KmsKeyId]).toEqual([id, id === "AuditLogGroup" ? 731 : 30, keyArn("logs")]);
  const [stage] = of(full, "AWS::ApiGatewayV2::Stage");
  const { Format }: Described = stage?.["AccessLogSettings"] ?? {};
  expect(JSON.parse(Format)).toMatchObject({ route: "$context.routeKey", status: "$context.status" });
  expect(Format).not.toMatch(/path|query|authorizer/i);
});

test("API Gateway lets through as many requests as is asked for, at once as many as a second", () => {
  const [stage] = of(full, "AWS::ApiGatewayV2::Stage");
  expect(stage?.["DefaultRouteSettings"]).toEqual({ ThrottlingRateLimit: 50, ThrottlingBurstLimit: 50 });
});

test("functions run in the network named, whose interfaces their own code may not make", () => {
  for (const { VpcConfig } of functionsOf(full))
    expect(VpcConfig).toEqual({ SubnetIds: ["subnet-1", "subnet-2"], SecurityGroupIds: ["sg-1"] });
  for (const { Role } of functionsOf(full)) {
    const { Policies }: Described = full.Resources[Role["Fn::GetAtt"][0]]?.Properties ?? {};
    const own = Policies.filter(({ PolicyName }: Described) => PolicyName === "own-network");
    expect(own).toHaveLength(1);
    expect(own[0].PolicyDocument.Statement[1]).toMatchObject({
      Effect: "Deny",
      Action: "ec2:*",
      Condition: { Null: { "lambda:SourceFunctionArn": "false" } },
    });
  }
});

test("who reads buckets may decrypt by their keys, who writes them also encrypts, by way of S3 and by no other key", () => {
  const used = of(full, "AWS::IAM::Role").flatMap(({ id, Policies }) =>
    Policies.flatMap(({ PolicyDocument }: Described) => PolicyDocument.Statement)
      .filter(({ Action }: Described) => /kms:/.test(`${Action}`))
      .map(({ Action, Resource, Condition }: Described) => {
        expect([Resource, Condition]).toEqual([
          [keyArn("one"), keyArn("two")],
          { StringLike: { "kms:ViaService": "s3.*.amazonaws.com*" } },
        ]);
        return [id, [Action].flat().join()];
      }),
  );
  const actionsOf = Object.fromEntries(used);
  expect([actionsOf["SearchRole"], actionsOf["GetJobRole"]]).toEqual(["kms:Decrypt", "kms:Decrypt"]);
  expect(actionsOf["WriteDocumentsRole"]).toBe("kms:Decrypt,kms:GenerateDataKey");
  expect(actionsOf["HealthRole"]).toBeUndefined();
});

test("what is wrong stops the packaging, and is named with what would be right", async () => {
  await expect(packagedTemplate("prod", { searchMemory: "lots" })).rejects.toThrow(
    /searchMemory is a whole number from 128 to 10240, not lots/,
  );
  const tokens = { auth: "jwt", jwtIssuer: "https://issuer.example.com", jwtAudience: "search" };
  await expect(packagedTemplate("prod", { ...tokens, searchUrl: "beside" })).rejects.toThrow(
    /searchUrl is for auth keys or iam, not jwt/,
  );
});
