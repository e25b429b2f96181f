/** Data and logs encrypted by KMS keys of yours: roles may use the buckets' keys, by way of S3, and no others. */
const byWayOfS3 = { StringLike: { "kms:ViaService": "s3.*.amazonaws.com*" } };

class OwnKeys {
  constructor({ service }) {
    this.hooks = {
      "after:aws:package:finalize:mergeCustomProviderResources": () =>
        encrypt(service.custom.parameters, service.provider.compiledCloudFormationTemplate.Resources),
    };
  }
}

function encrypt({ bucketKeys, logKey }, resources) {
  for (const { Type, Properties } of Object.values(resources)) {
    if (logKey !== null && Type === "AWS::Logs::LogGroup") Properties.KmsKeyId = logKey;
    if (bucketKeys !== null && Type === "AWS::IAM::Role") allow(Properties.Policies, bucketKeys);
  }
}

/** To read takes `Decrypt`; so does an upload in parts, beside the key that it writes with. */
function allow(policies, keys) {
  const actions = policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement.flatMap(allowedBy));
  if (!actions.includes("s3:GetObject")) return;
  const used = actions.includes("s3:PutObject") ? ["kms:Decrypt", "kms:GenerateDataKey"] : ["kms:Decrypt"];
  const Statement = [{ Effect: "Allow", Action: used, Resource: keys, Condition: byWayOfS3 }];
  policies.push({ PolicyName: "use-bucket-keys", PolicyDocument: { Version: "2012-10-17", Statement } });
}

const allowedBy = ({ Effect, Action }) => (Effect === "Allow" ? [Action].flat() : []);

module.exports = OwnKeys;
