import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { machines } from "../../lib/adapters/workflow/machines.ts";
import { packagedTemplate, type Template } from "../../scripts/bundle/package-stage.ts";

/** Quotas of AWS that a deployment may come near to, as they are of a new account. */
const quotas = {
  rolePolicyCharacters: 10_240,
  managedPolicyCharacters: 6_144,
  managedPoliciesOfRole: 10,
  environmentBytes: 4_096,
  templateBytes: 1_048_576,
  resources: 500,
  outputs: 200,
  concurrency: 10,
};
const kmsKey = (number: number) =>
  `arn:aws:kms:ap-southeast-2:123456789012:key/${`${number}`.padStart(36, "0")}`;

let folder: string;
let bare: Template;
/** All that may be asked for, but for two shards that there is no room for, 50 buckets with names as long as they may be, and providers of both kinds. */
let largest: Template;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quotas-"));
  const lakehouse = join(folder, "lakehouse.toml");
  await writeFile(lakehouse, `${fiftyBuckets()}\n\n${providers}`);
  bare = await packagedTemplate("prod");
  largest = await packagedTemplate(
    "prod",
    {
      auth: "iam",
      searchShards: "30",
      searchProvisioned: "1",
      searchUrl: "beside",
      accessLog: "true",
      tracing: "true",
      logKey: kmsKey(0),
      providerKeysKey: kmsKey(20),
      bucketKeys: Array.from({ length: 20 }, (_, number) => kmsKey(number)).join(),
      corsOrigins: Array.from({ length: 100 }, (_, number) => `https://app${number}.example.com`).join(),
      vpcSubnets: "subnet-1",
      vpcSecurityGroups: "sg-1",
      domain: "search.example.com",
      certificate: "arn:aws:acm:us-east-1:123456789012:certificate/a",
    },
    lakehouse,
  );
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

const providers = Array.from({ length: 8 }, (_, number) => [
  `[embedding.profile-${number}]\nkind = "bedrock"\nmodel = "eu.cohere.embed-v${number}:0"`,
  `[embedding.key-${number}]\nkind = "openai"\nurl = "https://api.example.com"\nmodel = "m"`,
  `key_parameter = "/serverless-lance/a-stage-of-a-department/provider-${number}"`,
  `[rerank.profile-${number}]\nkind = "bedrock"\nmodel = "eu.cohere.rerank-v${number}:0"`,
])
  .flat()
  .join("\n");

function fiftyBuckets(): string {
  const buckets = Array.from({ length: 50 }, (_, number) => [
    "[[storage.buckets]]",
    `name = "${number === 0 ? "primary" : `bucket-${number}`}"`,
    'backend = "s3"',
    `bucket = "${`bucket-${number}-`.padEnd(63, "x")}"`,
    `prefix = "team-${number}/of-a-department"`,
  ]);
  return buckets.map((lines) => lines.join("\n")).join("\n\n");
}

const of = (template: Template, type: string) =>
  Object.entries(template.Resources).flatMap(([id, { Type, Properties }]) =>
    Type === type ? [{ id, Properties }] : [],
  );

/** What IAM counts: without white space, in the partition and region with the longest names. */
function charactersOf(value: unknown): number {
  const arn = "x".repeat(140); // of a function
  const resolved = JSON.stringify(value, (_, one) => one?.["Fn::Sub"] ?? (one?.["Fn::GetAtt"] ? arn : one))
    .replaceAll(/\$\{AWS::Partition\}/g, "aws-us-gov")
    .replaceAll(/\$\{AWS::Region\}/g, "ap-southeast-2")
    .replaceAll(/\$\{AWS::AccountId\}/g, "123456789012");
  expect(resolved).not.toMatch(/\$\{AWS::/);
  return resolved.length;
}

describe.each([
  ["two buckets and nothing asked for", () => bare],
  ["50 buckets and all that may be asked for", () => largest],
])("with %s", (_, template) => {
  test("a role's own policies have room in it", () => {
    for (const { id, Properties } of of(template(), "AWS::IAM::Role")) {
      const policies = Properties["Policies"] as { PolicyDocument: unknown }[];
      const characters = policies.reduce((sum, { PolicyDocument }) => sum + charactersOf(PolicyDocument), 0);
      expect(characters, id).toBeLessThan(quotas.rolePolicyCharacters);
    }
  });

  test("so have those that roles share, of which a role has as many as it may", () => {
    const shared = of(template(), "AWS::IAM::ManagedPolicy");
    expect(shared.length).toBeGreaterThan(4);
    for (const { id, Properties } of shared)
      expect(charactersOf(Properties["PolicyDocument"]), id).toBeLessThanOrEqual(
        quotas.managedPolicyCharacters,
      );
    for (const { id, Properties } of of(template(), "AWS::IAM::Role"))
      expect((Properties["ManagedPolicyArns"] as [] | undefined)?.length ?? 0, id).toBeLessThanOrEqual(
        quotas.managedPoliciesOfRole,
      );
  });

  test("a function's environment has room", () => {
    for (const { id, Properties } of of(template(), "AWS::Lambda::Function")) {
      const { Variables } = Properties["Environment"] as { Variables: Record<string, unknown> };
      expect(charactersOf(Variables), id).toBeLessThan(quotas.environmentBytes);
    }
  });

  test("the template is taken by CloudFormation", () => {
    expect(Buffer.byteLength(JSON.stringify(template()))).toBeLessThan(quotas.templateBytes);
    expect(Object.keys(template().Resources).length).toBeLessThanOrEqual(quotas.resources);
    expect(Object.keys(template().Outputs).length).toBeLessThanOrEqual(quotas.outputs);
  });
});

test("more than CloudFormation takes is refused as it is packaged, not minutes later", async () => {
  const most = { searchShards: "32", searchUrl: "beside", searchProvisioned: "1" };
  await expect(packagedTemplate("prod", most)).rejects.toThrow(
    /the template would have 5\d\d resources, of which CloudFormation takes 500: each of searchShards/,
  );
});

test("with 50 buckets each is reached by whoever reaches those of a lakehouse of two", () => {
  const reached = (template: Template) =>
    of(template, "AWS::IAM::ManagedPolicy").flatMap(
      ({ Properties }) => JSON.stringify(Properties).match(/:s3:::[^"]+/g) ?? [],
    );
  const buckets = new Set(reached(largest).map((arn) => arn?.split("/")[0]));
  expect(buckets.size).toBe(50);
  const policies = (template: Template) =>
    new Set(of(template, "AWS::IAM::ManagedPolicy").map(({ id }) => id.replace(/\d+$/, "")));
  for (const policy of policies(bare)) expect(policies(largest)).toContain(policy);
});

test("a new account has executions for searches beside a migration: nothing is reserved, and loads leave some", () => {
  for (const { id, Properties } of of(bare, "AWS::Lambda::Function"))
    expect([id, Properties["ReservedConcurrentExecutions"]]).toEqual([id, undefined]);
  const atOnce = JSON.stringify(machines).match(/(?<="MaxConcurrency":)\d+/g) ?? [];
  for (const loads of atOnce) expect(Number(loads)).toBeLessThan(quotas.concurrency);
});
