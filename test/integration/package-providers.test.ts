import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packagedTemplate, type Template } from "../../scripts/bundle/package-stage.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "providers-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const buckets = '[[storage.buckets]]\nname = "primary"\nbackend = "s3"\nbucket = "data"\n';

async function packaged(providers: string, params: Record<string, string> = {}): Promise<Template> {
  const lakehouse = join(folder, "lakehouse.toml");
  await writeFile(lakehouse, `${buckets}${providers}`);
  return packagedTemplate("prod", params, lakehouse);
}

const openai = (name: string, more: string) =>
  `[embedding.${name}]\nkind = "openai"\nurl = "https://api.example.com/v1"\nmodel = "m"\n${more}\n`;
const bedrock = (section: string, model: string, more = "") =>
  `[${section}]\nkind = "bedrock"\nmodel = "${model}"\n${more}\n`;

const arn = (rest: string) => ({ "Fn::Sub": `arn:\${AWS::Partition}:${rest}` });
const region = `\${AWS::Region}`;
const account = `\${AWS::AccountId}`;
const here = (service: string, rest: string) => arn(`${service}:${region}:${account}:${rest}`);

interface Statement {
  Action: string;
  Resource: unknown[];
  Condition?: unknown;
}

const statementsOf = (template: Template, id: string) =>
  (template.Resources[id]?.Properties["PolicyDocument"] as { Statement: Statement[] } | undefined)?.Statement;

/** Roles that have a policy. */
const holding = (template: Template, id: string) =>
  Object.entries(template.Resources).flatMap(([role, { Properties }]) =>
    ((Properties?.["ManagedPolicyArns"] ?? []) as { Ref: string }[]).some(({ Ref }) => Ref === id)
      ? [role]
      : [],
  );

test("without a provider no function may ask for a model or a parameter, nor where none needs it", async () => {
  expect(JSON.stringify(await packaged(""))).not.toMatch(/bedrock|ssm:/);
  expect(JSON.stringify(await packaged(openai("open", "")))).not.toMatch(/bedrock|ssm:/);
});

test("models and parameters are for who asks them: vectors for searches, writes and loads, orders for searches", async () => {
  const key = "arn:aws:kms:us-east-1:123456789012:key/a1";
  const template = await packaged(
    [
      openai("one", 'key_parameter = "/lance/openai"'),
      openai("same", 'key_parameter = "/lance/openai"'),
      bedrock("embedding.titan", "amazon.titan-embed-text-v2:0", 'region = "eu-west-1"'),
      bedrock("rerank.best", "cohere.rerank-v3-5:0"),
    ].join(""),
    { providerKeysKey: key, searchShards: "1" },
  );
  const parameter = here("ssm", "parameter/lance/openai");
  expect(statementsOf(template, "AskEmbeddersPolicy")).toEqual([
    {
      Effect: "Allow",
      Action: "bedrock:InvokeModel",
      Resource: [arn("bedrock:eu-west-1::foundation-model/amazon.titan-embed-text-v2:0")],
    },
    { Effect: "Allow", Action: "ssm:GetParameter", Resource: [parameter] },
    {
      ...{ Effect: "Allow", Action: "kms:Decrypt", Resource: [key] },
      Condition: { StringEquals: { "kms:EncryptionContext:PARAMETER_ARN": [parameter] } },
    },
  ]);
  expect(statementsOf(template, "AskRerankersPolicy")).toMatchObject([
    { Resource: [arn(`bedrock:${region}::foundation-model/cohere.rerank-v3-5:0`)] },
  ]);
  expect(holding(template, "AskEmbeddersPolicy").sort()).toEqual([
    "LoadRole",
    "SearchRole",
    "WriteDocumentsRole",
  ]);
  expect(holding(template, "AskRerankersPolicy")).toEqual(["SearchRole"]);
  const asking = Object.values(template.Resources).filter((one) => /bedrock:|ssm:/.test(JSON.stringify(one)));
  expect(asking.map(({ Type }) => Type)).toEqual(["AWS::IAM::ManagedPolicy", "AWS::IAM::ManagedPolicy"]);
});

test("a profile may be used with the model behind it, which is allowed by no other way", async () => {
  const own = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc123";
  const template = await packaged(
    bedrock("embedding.profile", "eu.cohere.embed-v4:0", 'region = "eu-west-1"') +
      bedrock("embedding.own", own),
  );
  const profile = arn(`bedrock:eu-west-1:${account}:inference-profile/eu.cohere.embed-v4:0`);
  expect(statementsOf(template, "AskEmbeddersPolicy")).toEqual([
    { Effect: "Allow", Action: "bedrock:InvokeModel", Resource: [profile, own] },
    {
      ...{ Effect: "Allow", Action: "bedrock:InvokeModel" },
      Resource: [arn("bedrock:*::foundation-model/cohere.embed-v4:0"), arn("bedrock:*::foundation-model/*")],
      Condition: { StringLike: { "bedrock:InferenceProfileArn": [profile, own] } },
    },
  ]);
});

test.each([
  [
    "a variable, which functions do not have",
    openai("a", 'credentials = "openai"'),
    /embedding.a.credentials names variables, .* give key_parameter/,
  ],
  [
    "a model with a wildcard",
    bedrock("rerank.a", "cohere.*"),
    /rerank.a.model is an id, an inference profile or an ARN, not cohere/,
  ],
  [
    "more than IAM takes",
    Array.from({ length: 32 }, (_, i) =>
      bedrock(
        `embedding.m${i}`,
        `arn:aws:bedrock:eu-west-1:123456789012:provisioned-model/${"x".repeat(150)}${i}`,
      ),
    ).join(""),
    /rights on all of \[embedding\] take \d+ characters, of which IAM takes 6144/,
  ],
])("%s is refused before anything is deployed", async (_, providers, why) => {
  await expect(packaged(providers)).rejects.toThrow(why);
});
