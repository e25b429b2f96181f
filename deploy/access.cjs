/**
 * Who a stage serves, as its functions are told (LAKEHOUSE_AUTH). What is deployed serves who has a key, or who signs by an
 * identity of AWS that API Gateway knows; what runs here is open as long as nobody else can reach it.
 */
const modes = ["keys", "iam"];

module.exports = async ({ resolveVariable }) => {
  const host = await resolveVariable("self:custom.serverless-offline.host");
  const asked = await resolveVariable("env:LAKEHOUSE_AUTH, ''");
  const stage = await resolveVariable("sls:stage");
  if (stage === "dev") return { here: here(asked, host) };
  return { deployed: deployed(await resolveVariable("param:auth, 'keys'")) };
};

module.exports.here = here;

function deployed(asked) {
  if (modes.includes(asked)) return asked;
  throw new Error(`auth is ${modes.join(" or ")}, not ${asked}: what is deployed is not open`);
}

function here(asked, host) {
  const isLoopback = /^(127(\.\d+){3}|::1|localhost)$/.test(host);
  if (asked === "iam")
    throw new Error("LAKEHOUSE_AUTH=iam is for what is deployed: nobody checks signatures here");
  if (isLoopback) return asked || "open";
  if (asked === "" || asked === "keys") return "keys";
  throw new Error(`LAKEHOUSE_AUTH is keys where others reach ${host}, not ${asked}`);
}
