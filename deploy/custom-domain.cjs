/** A name of yours before the API, where one is asked for. Its record in DNS is yours to make: the outputs say where to. */
module.exports = async ({ resolveVariable }) => {
  const { domain, certificate } = await resolveVariable("self:custom.parameters");
  return domain === null ? {} : domainOf(domain, certificate);
};

const domainOf = (name, certificate) => ({
  Resources: {
    ApiDomain: {
      Type: "AWS::ApiGatewayV2::DomainName",
      Properties: {
        DomainName: name,
        DomainNameConfigurations: [
          { CertificateArn: certificate, EndpointType: "REGIONAL", SecurityPolicy: "TLS_1_2" },
        ],
      },
    },
    ApiDomainMapping: {
      Type: "AWS::ApiGatewayV2::ApiMapping",
      Properties: {
        ApiId: { Ref: "HttpApi" },
        DomainName: { Ref: "ApiDomain" },
        Stage: { Ref: "HttpApiStage" },
      },
    },
  },
  Outputs: {
    DomainTarget: { Value: { "Fn::GetAtt": ["ApiDomain", "RegionalDomainName"] } },
    DomainHostedZone: { Value: { "Fn::GetAtt": ["ApiDomain", "RegionalHostedZoneId"] } },
  },
});
