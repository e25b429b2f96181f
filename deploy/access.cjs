/**
 * Who a stage serves, as its functions are told (LAKEHOUSE_AUTH). What is deployed serves who has a key, who signs by an
 * identity of AWS that API Gateway knows, or who has a token of an issuer; what runs here is open as long as nobody else can
 * reach it.
 */
const modes = ["keys", "iam", "jwt"];

module.exports = async ({ resolveVariable }) => {
  const host = await resolveVariable("self:custom.serverless-offline.host");
  const asked = await resolveVariable("env:LAKEHOUSE_AUTH, ''");
  const stage = await resolveVariable("sls:stage");
  if (stage === "dev") return { here: here(asked, host) };
  const issuer = await resolveVariable("param:jwtIssuer, ''");
  const audience = await resolveVariable("param:jwtAudience, ''");
  return { deployed: deployed(await resolveVariable("param:auth, 'keys'"), issuer, audience) };
};

module.exports.here = here;
module.exports.deployed = deployed;

function deployed(asked, issuer, audience) {
  if (asked === "jwt" && !(/^https:\/\//.test(issuer) && audience))
    throw new Error("auth=jwt needs jwtIssuer, which is https, and jwtAudience");
  if (modes.includes(asked)) return asked;
  throw new Error(`auth is ${modes.join(" or ")}, not ${asked}: what is deployed is not open`);
}

function here(asked, host) {
  const isLoopback = /^(127(\.\d+){3}|::1|localhost)$/.test(host);
  if (asked === "iam")
    throw new Error("LAKEHOUSE_AUTH=iam is for what is deployed: nobody checks signatures here");
  if (isLoopback) return asked || "open";
  if (asked === "jwt") return asked;
  if (asked === "" || asked === "keys") return "keys";
  throw new Error(`LAKEHOUSE_AUTH is keys or jwt where others reach ${host}, not ${asked}`);
}
