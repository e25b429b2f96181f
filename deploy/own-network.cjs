/** Functions in a network of yours. Lambda itself makes their interfaces there, by their roles; their code may not. */
const policy = {
  PolicyName: "own-network",
  PolicyDocument: {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: [
          "ec2:AssignPrivateIpAddresses",
          "ec2:CreateNetworkInterface",
          "ec2:DeleteNetworkInterface",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DescribeSubnets",
          "ec2:UnassignPrivateIpAddresses",
        ],
        Resource: "*", // of an interface that is not there yet there is no ARN
      },
      {
        Effect: "Deny",
        Action: "ec2:*",
        Resource: "*",
        Condition: { Null: { "lambda:SourceFunctionArn": "false" } },
      },
    ],
  },
};

class OwnNetwork {
  constructor({ service }) {
    this.hooks = {
      initialize: () => place(service),
      "after:aws:package:finalize:mergeCustomProviderResources": () =>
        attach(service, service.provider.compiledCloudFormationTemplate.Resources),
    };
  }
}

function place({ provider, custom }) {
  const { vpcSubnets, vpcSecurityGroups } = custom.parameters;
  if (vpcSubnets !== null) provider.vpc = { subnetIds: vpcSubnets, securityGroupIds: vpcSecurityGroups };
}

function attach({ provider, functions }, resources) {
  if (!provider.vpc?.subnetIds) return;
  const roles = new Set(Object.values(functions).map(({ role }) => role)); // shards have that of search
  for (const role of roles) resources[role].Properties.Policies.push(policy);
}

module.exports = OwnNetwork;
