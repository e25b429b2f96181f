/**
 * Rights on the providers of vectors that lakehouse.toml declares: on these models of Bedrock, and on the parameters of SSM
 * that hold API keys, each for the functions that ask such a provider and no others. Without a provider there are none.
 */
const { readFileSync } = require("node:fs");
const { resolve } = require("node:path");
const { parse } = require("smol-toml");

/** Who asks which; shards have the role of search. */
const asking = [
  { section: "embedding", id: "AskEmbeddersPolicy", roles: ["SearchRole", "WriteDocumentsRole", "LoadRole"] },
  { section: "rerank", id: "AskRerankersPolicy", roles: ["SearchRole"] },
];
const mostCharacters = 6_144; // of a policy that roles share

const partition = `\${AWS::Partition}`;
const here = { region: `\${AWS::Region}`, account: `\${AWS::AccountId}` };

class ProviderRights {
  constructor({ service }) {
    this.hooks = {
      "after:aws:package:finalize:mergeCustomProviderResources": () => {
        const { stage, parameters } = service.custom;
        const declared = declaredIn(stage.lakehouse);
        addRights(service.provider.compiledCloudFormationTemplate.Resources, declared, parameters);
      },
    };
  }
}

/** The providers of a file, by their section. @throws naming one that no function on AWS could ask */
function declaredIn(file) {
  const document = parse(readFileSync(resolve(__dirname, "..", file), "utf8"));
  const sections = asking.map(({ section }) => [section, Object.entries(document[section] ?? {})]);
  for (const [section, providers] of sections)
    for (const [name, provider] of providers) refuseUnaskable(`${file}: ${section}.${name}`, provider);
  return Object.fromEntries(sections);
}

function refuseUnaskable(where, { kind, model, credentials, key_parameter }) {
  if (credentials !== undefined)
    throw new Error(
      `${where}.credentials names variables, which functions on AWS do not have: ${kind === "bedrock" ? "leave it out, as the function's role is asked with" : "give key_parameter"}`,
    );
  if (kind === "bedrock" && !/^[a-z0-9][\w.:/-]*$/i.test(model))
    throw new Error(`${where}.model is an id, an inference profile or an ARN, not ${model}`);
  if (key_parameter !== undefined && !/^(\/[\w.-]+)+$/.test(key_parameter))
    throw new Error(`${where}.key_parameter is such as /serverless-lance/prod/openai, not ${key_parameter}`);
}

function addRights(resources, declared, { providerKeysKey }) {
  for (const { section, id, roles } of asking) {
    const Statement = statementsFor(
      declared[section].map(([, provider]) => provider),
      providerKeysKey,
    );
    if (Statement.length === 0) continue;
    const PolicyDocument = { Version: "2012-10-17", Statement };
    refuseLong(PolicyDocument, section);
    resources[id] = { Type: "AWS::IAM::ManagedPolicy", Properties: { PolicyDocument } };
    for (const role of roles) {
      const { Properties } = resources[role];
      Properties.ManagedPolicyArns = [...(Properties.ManagedPolicyArns ?? []), { Ref: id }];
    }
  }
}

function statementsFor(providers, key) {
  const models = providers.filter(({ kind }) => kind === "bedrock").map(modelOf);
  const profiles = models.filter(({ behind }) => behind !== undefined);
  const parameters = providers.flatMap(({ key_parameter: name }) =>
    name === undefined ? [] : [arnOf("ssm", `parameter${name}`)],
  );
  return [
    allow(
      "bedrock:InvokeModel",
      models.map(({ arn }) => arn),
    ),
    // of a model by way of a profile alone, in whichever region that chooses
    allow(
      "bedrock:InvokeModel",
      profiles.map(({ behind }) => behind),
      {
        StringLike: { "bedrock:InferenceProfileArn": unique(profiles.map(({ arn }) => arn)) },
      },
    ),
    allow("ssm:GetParameter", parameters),
    allow("kms:Decrypt", parameters.length > 0 && key ? [key] : [], {
      StringEquals: { "kms:EncryptionContext:PARAMETER_ARN": unique(parameters) },
    }),
  ].filter(({ Resource }) => Resource.length > 0);
}

const allow = (Action, resources, Condition) => ({
  ...{ Effect: "Allow", Action, Resource: unique(resources) },
  ...(Condition === undefined ? {} : { Condition }),
});

/** What is invoked, and of an inference profile the models that it hands on to. */
function modelOf({ model, region = here.region }) {
  const own = /^arn:/.test(model) ? /:([\w-]*profile)\/(.+)$/.exec(model) : ofGeography.exec(model);
  if (/^arn:/.test(model)) return { arn: model, ...(own ? { behind: behind(own[2]) } : {}) };
  if (!own) return { arn: arnOf("bedrock", `foundation-model/${model}`, region, "") };
  return { arn: arnOf("bedrock", `inference-profile/${model}`, region), behind: behind(model) };
}

/** Profiles of AWS begin with where their models are; which those of one's own have, their names do not say. */
const ofGeography = /^(us-gov|apac|global|[a-z]{2})\.(?=[a-z])/;
const behind = (profile) =>
  arnOf(
    "bedrock",
    `foundation-model/${ofGeography.test(profile) ? profile.replace(ofGeography, "") : "*"}`,
    "*",
    "",
  );

const arnOf = (service, name, region = here.region, account = here.account) => ({
  "Fn::Sub": `arn:${partition}:${service}:${region}:${account}:${name}`,
});

const unique = (resources) => [...new Map(resources.map((one) => [JSON.stringify(one), one])).values()];

/** As IAM counts, in the partition and region with the longest names. */
function refuseLong(document, section) {
  const text = JSON.stringify(document, (_, value) => value?.["Fn::Sub"] ?? value)
    .replaceAll(partition, "aws-us-gov")
    .replaceAll(here.region, "ap-southeast-2")
    .replaceAll(here.account, "123456789012");
  if (text.length > mostCharacters)
    throw new Error(
      `rights on all of [${section}] take ${text.length} characters, of which IAM takes ${mostCharacters}: declare fewer providers`,
    );
}

module.exports = ProviderRights;
module.exports.declaredIn = declaredIn;
