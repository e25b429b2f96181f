/**
 * Rights whose size grows with the buckets that are declared. IAM takes 10,240 characters of a role's own policies, so these
 * are policies of their own, which roles share, as many of each as have room in one.
 */
const shared = [
  "drop-exports",
  "drop-generations",
  "prove-writable",
  "read-generations",
  "read-sources",
  "write-exports",
  "write-generations",
];
const mostCharacters = 6_144;

class SharedPolicies {
  constructor({ service }) {
    this.hooks = {
      // once all rights are there
      "after:aws:package:finalize:mergeCustomProviderResources": () =>
        share(service.provider.compiledCloudFormationTemplate.Resources),
    };
  }
}

function share(resources) {
  for (const { Type, Properties } of Object.values(resources)) {
    if (Type !== "AWS::IAM::Role") continue;
    const [ofAll, own] = [true, false].map((is) =>
      Properties.Policies.filter(({ PolicyName }) => shared.includes(PolicyName) === is),
    );
    if (ofAll.length === 0) continue;
    const refs = ofAll.flatMap((policy) => refsTo(policy, resources));
    Properties.Policies = own;
    Properties.ManagedPolicyArns = [...(Properties.ManagedPolicyArns ?? []), ...refs];
  }
}

/** The first role that has it makes it a resource. */
function refsTo({ PolicyName, PolicyDocument }, resources) {
  const id = `${PolicyName.replaceAll(/(?:^|-)(\w)/g, (_, letter) => letter.toUpperCase())}Policy`;
  return documentsOf(PolicyDocument.Statement).map((document, part) => {
    const Ref = part === 0 ? id : `${id}${part + 1}`;
    resources[Ref] ??= { Type: "AWS::IAM::ManagedPolicy", Properties: { PolicyDocument: document } };
    return { Ref };
  });
}

function documentsOf(statements) {
  const documents = [];
  for (const statement of statements)
    for (const Resource of [statement.Resource].flat()) {
      const last = documents.at(-1);
      if (!last || !added(last, statement, Resource)) documents.push(documentWith(statement, Resource));
    }
  return documents;
}

const documentWith = (statement, Resource) => ({
  Version: "2012-10-17",
  Statement: [{ ...statement, Resource: [Resource] }],
});

/** @returns whether there was room for it */
function added(document, statement, resource) {
  const last = document.Statement.at(-1);
  const isSame = `${last.Action}` === `${statement.Action}`;
  if (isSame) last.Resource.push(resource);
  else document.Statement.push({ ...statement, Resource: [resource] });
  if (charactersOf(document) <= mostCharacters) return true;
  if (isSame) last.Resource.pop();
  else document.Statement.pop();
  return false;
}

/** As IAM has it, in the partition with the longest name. */
function charactersOf(document) {
  const text = JSON.stringify(document, (_, value) => value?.["Fn::Sub"] ?? value);
  return text.replaceAll(/\$\{AWS::Partition\}/g, "aws-us-gov").length;
}

module.exports = SharedPolicies;
